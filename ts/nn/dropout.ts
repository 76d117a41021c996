// Dropout, whose masks are a function of (seed, path of the layer, step, sample, element).
import { dropout, remembered, type Tensor } from "../autograd/index.ts";
import { stream, type RandomStream } from "../random.ts";
import { Layer } from "./module.ts";

let made = 0;

/** In training, zero with probability p, else x / (1 - p). Evaluation passes x on. */
export class Dropout extends Layer {
  readonly p: number;
  /** For a layer that neither initialize() nor train() was told of: by the order in which such layers are made. */
  private readonly unplaced: RandomStream = stream(0, `dropout/${made++}`);
  private calls = 0;

  constructor(p: number) {
    super();
    if (!(p >= 0 && p < 1)) throw new Error(`Dropout: p ${p}, wanted at least 0 and below 1`);
    this.p = p;
  }

  forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    // A tensor that is of no batch has no step: count the calls.
    const step = x.batch ? x.batch.step : remembered(() => this.calls++);
    const { key0, key1 } = this.draws ?? this.unplaced;
    return dropout(x, { p: this.p, key: [key0, key1], step });
  }
}
