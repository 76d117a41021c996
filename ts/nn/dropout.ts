// Dropout, whose masks are a function of (seed, layer, step, sample, element).
import { dropout, type Tensor } from "../autograd/index.ts";
import { stream, type RandomStream } from "../random.ts";
import { Layer } from "./module.ts";

/** In training, zero with probability p, else x / (1 - p). Evaluation passes x on. */
export class Dropout extends Layer {
  readonly p: number;
  private key: readonly [number, number];
  private calls = 0;

  constructor(p: number) {
    super();
    if (!(p >= 0 && p < 1)) throw new Error(`Dropout: p ${p}, wanted at least 0 and below 1`);
    this.p = p;
    const { key0, key1 } = stream(0, "dropout");
    this.key = [key0, key1];
  }

  override reset(random: RandomStream): void {
    const { key0, key1 } = random.split("dropout");
    this.key = [key0, key1];
  }

  forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    // A tensor that is of no batch has no step: count the calls.
    const step = x.batch ? x.batch.step : this.calls++;
    return dropout(x, { p: this.p, key: this.key, step });
  }
}
