// A table of learned rows.
import { embedding, type Tensor } from "../autograd/index.ts";
import type { RandomStream } from "../random.ts";
import { normal, type Initializer } from "./init.ts";
import { Layer, Variable } from "./module.ts";

/** Rows of a table by their numbers: [N, ...] to [N, ..., width]. */
export class Embedding extends Layer {
  readonly weight: Variable;
  private readonly initializer: Initializer;

  /** The initializer is the normal distribution by default, as in PyTorch. */
  constructor(rows: number, width: number, { initializer = normal(1) }: { readonly initializer?: Initializer } = {}) {
    super();
    this.weight = new Variable([rows, width]);
    this.initializer = initializer;
    this.start(`embedding/${rows}x${width}`);
  }

  override reset(random: RandomStream): void {
    this.initializer(this.weight, random.split("weight"));
  }

  forward(numbers: Tensor): Tensor {
    return embedding(this.weight, numbers);
  }
}
