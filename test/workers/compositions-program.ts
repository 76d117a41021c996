// A net of the operations that are made of others, and of those that sum over the batch in their gradient: transposed convolution, a table
// of rows, rectifiers, statistics, parts and stacks, larger images, losses.
import {
  BatchNorm2d,
  concat,
  Conv2d,
  ConvTranspose2d,
  crossEntropy,
  detach,
  elu,
  Embedding,
  globalAveragePool,
  huber,
  initialize,
  Layer,
  leakyRelu,
  Linear,
  logSumExp,
  min,
  norm,
  oneHot,
  SGD,
  split,
  stack,
  upsample2d,
  variance,
  type Batch,
  type Tensor,
} from "../../ts/index.ts";

class Net extends Layer {
  readonly conv = new Conv2d(3, 8, 3, { stride: 2, padding: 1 });
  readonly up = new ConvTranspose2d(8, 6, 4, { stride: 2, padding: 1, bias: true, groups: 2 });
  readonly norm = new BatchNorm2d(6);
  readonly table = new Embedding(2, 5);
  readonly head = new Linear(11, 10);

  forward(x: Tensor): Tensor {
    const n = x.shape[0];
    const rows = detach(x.slice([0, 0, 0, 0], [n, 1, 4, 1])).reshape(n, 4);
    const [a, b] = split(leakyRelu(this.norm.forward(this.up.forward(elu(this.conv.forward(x)))), 0.1), 3, 3);
    const maps = upsample2d(stack([a, b], 4).reshape(n, 32, 32, 6), 2, { mode: "bilinear" });
    const pooled = globalAveragePool(upsample2d(maps, 2));
    const unit = pooled.divide(norm(pooled, { axes: 1, keepDims: true }).add(0.1));
    return this.head.forward(concat([unit, this.table.forward(rows.greater(0)).mean(1)], { axis: 1 }));
  }
}

export const createModel = (): Net => initialize(new Net(), { seed: 2 });

export const createOptimizer = (model: Net): SGD => new SGD(model.parameters(), { lr: 0.05 });

export function loss(model: Net, batch: Batch): Tensor {
  const logits = model.forward(batch.images);
  const spread = variance(logits, 1).add(logSumExp(logits)).add(min(logits, 1));
  return crossEntropy(logits, batch.labels)
    .add(huber(logits.softmax(), oneHot(batch.labels, 10)))
    .add(spread.mean().multiply(0.01));
}
