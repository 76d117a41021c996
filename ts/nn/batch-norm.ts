// Batch norm over channels (the last axis), with an optional ReLU in the same pass.
import { batchNorm, followStatistics, type Tensor } from "../autograd/index.ts";
import { Layer, Variable, type StateEntry } from "./module.ts";

export interface BatchNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Share of the batch in the running statistics. */
  readonly momentum?: number;
  /** Learned scale and shift. */
  readonly affine?: boolean;
  /** Follow with max(x, 0). */
  readonly relu?: boolean;
}

/**
 * (x - mean) / sqrt(variance + eps) * weight + bias. In training mean and variance are of the whole batch, whatever the number of
 * workers (or of groups, see `bnGroup`), and running statistics follow them (variance unbiased); evaluation uses those.
 */
export class BatchNorm2d extends Layer {
  readonly weight: Variable | null;
  readonly bias: Variable | null;
  /** [2, C]: running mean, running variance. */
  readonly running: Variable;
  readonly eps: number;
  momentum: number;
  readonly relu: boolean;
  /** Running statistics follow the batches of training. */
  follows = true;

  constructor(channels: number, { eps = 1e-5, momentum = 0.1, affine = true, relu = false }: BatchNormOptions = {}) {
    super();
    this.weight = affine ? new Variable([channels]) : null;
    this.bias = affine ? new Variable([channels]) : null;
    this.running = new Variable([2, channels], { requiresGrad: false });
    this.eps = eps;
    this.momentum = momentum;
    this.relu = relu;
    this.reset();
  }

  override reset(): void {
    const { running, weight, bias } = this;
    const channels = running.shape[1];
    if (weight) weight.backend.fill(weight.buffer, 1);
    if (bias) bias.backend.fill(bias.buffer, 0);
    running.backend.write(
      running.buffer,
      Float32Array.from({ length: 2 * channels }, (_, index) => (index < channels ? 0 : 1)),
    );
  }

  protected override own(): StateEntry[] {
    const { running, weight, bias } = this;
    const shape = [running.shape[1]];
    const entries: StateEntry[] = [];
    if (weight) entries.push({ key: "weight", variable: weight, shape });
    if (bias) entries.push({ key: "bias", variable: bias, shape });
    entries.push({ key: "running_mean", variable: running, shape });
    entries.push({ key: "running_var", variable: running, shape, place: (index) => index + shape[0] });
    return entries;
  }

  forward(x: Tensor): Tensor {
    const { running, weight, bias, eps, relu } = this;
    if (!this.training) return batchNorm(x, weight, bias, { eps, relu, fixed: running });
    // Every thread is told; the one that holds shard 0 writes.
    const writes = this.follows && (x.batch === null || x.batch.first === 0);
    return batchNorm(x, weight, bias, { eps, relu, observe: (statistics, count) => writes && this.update(statistics, count) });
  }

  private update(statistics: Tensor, count: number): void {
    const { running, momentum } = this;
    followStatistics(statistics, running.newest, running.next ?? running.buffer, { momentum, count });
    running.written = true;
  }
}
