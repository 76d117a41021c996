// Softmax and the losses. A loss of a batch is the mean over the whole batch, its sum formed shard by shard.
import { binaryCrossEntropy as binaryCrossEntropyKernel } from "../../kernels/activation.ts";
import { affine as affineKernel, multiply as multiplyKernel } from "../../kernels/elementwise.ts";
import { reduceSum } from "../../kernels/reduce.ts";
import * as kernels from "../../kernels/softmax.ts";
import { wantOptions } from "../../options.ts";
import { emptyLike, launch, rowsOf } from "../launch.ts";
import { defineOp, type Op } from "../op.ts";
import { alias } from "../scope.ts";
import { finish, sumOverSamples } from "../shard-sum.ts";
import { expanded } from "../strided.ts";
import { shapeText, sizeOf, Tensor } from "../tensor.ts";
import { multiply, subtract } from "./elementwise.ts";
import { mean, reshapeOp, resolveAxes } from "./reduce.ts";
import { transpose } from "./shape.ts";

type One = readonly [Tensor];
type Two = readonly [Tensor, Tensor];

function lastAxis(x: Tensor): { rows: number; cols: number } {
  const cols = x.shape[x.rank - 1];
  return { rows: cols === 0 ? 0 : x.size / cols, cols };
}

export const softmaxOp = /* @__PURE__ */ defineOp<One, object>("softmax", {
  forward: ([x]) => {
    const y = emptyLike(x);
    launch(kernels.softmax, { x, y }, lastAxis(x));
    return y;
  },
  vjp: (dy, y) => [
    () => {
      const dx = emptyLike(y);
      launch(kernels.softmaxBackward, { y, dy, dx }, lastAxis(y));
      return dx;
    },
  ],
  samples: [{ inputs: [[3, 5]], attributes: {} }],
});

export const logSoftmaxOp = /* @__PURE__ */ defineOp<One, object>("logSoftmax", {
  forward: ([x]) => {
    const y = emptyLike(x);
    launch(kernels.logSoftmax, { x, y }, lastAxis(x));
    return y;
  },
  vjp: (dy, y) => [
    () => {
      const dx = emptyLike(y);
      launch(kernels.logSoftmaxBackward, { y, dy, dx }, lastAxis(y));
      return dx;
    },
  ],
  samples: [{ inputs: [[3, 5]], attributes: {} }],
});

/** Sum over the batch of all values of a tensor, times a number, as one value. */
function totalOf(values: Tensor, scale: number): Tensor {
  const total = finish(
    sumOverSamples(values.backend, values.batch, values.shape[0], [], (from, count, out) => {
      const x = rowsOf(values, from, count);
      launch(reduceSum, { x, y: out }, { outer: 1, length: x.size, inner: 1 });
    }),
    values.backend,
  );
  const y = emptyLike(values, []);
  launch(affineKernel, { x: total, y }, { length: 1, scale, shift: 0 });
  return y;
}

/** dy * scale * slope for a loss dy of one value. */
function chained(dy: Tensor, slope: Tensor, scale: number): Tensor {
  const factor = emptyLike(dy);
  launch(affineKernel, { x: dy, y: factor }, { length: 1, scale, shift: 0 });
  const dx = emptyLike(slope);
  launch(multiplyKernel, { a: slope, b: expanded(factor, slope.shape), y: dx }, { length: slope.size });
  return dx;
}

export const crossEntropyOp = /* @__PURE__ */ defineOp<Two, { readonly smoothing: number }>("crossEntropy", {
  forward: ([logits, target], { smoothing }) => {
    const [rows, cols] = logits.shape;
    const loss = emptyLike(logits, [rows]);
    const slope = emptyLike(logits);
    loss.batch = logits.batch;
    if (target.rank === 1) launch(kernels.softmaxCrossEntropy, { logits, labels: target, loss, dlogits: slope }, { rows, cols, smoothing });
    else launch(kernels.softmaxCrossEntropySoft, { logits, targets: target, loss, dlogits: slope }, { rows, cols });
    return { value: totalOf(loss, 1 / (logits.batch?.size ?? rows)), saved: [slope], batch: null };
  },
  vjp: (dy, _y, [logits], _attributes, [slope]) => [() => chained(dy, slope, 1 / (logits.batch?.size ?? logits.shape[0])), null],
  samples: [
    {
      inputs: [[3, 4], [3]],
      attributes: { smoothing: 0 },
      constant: [1],
      fill: (input, index, normal) => (input === 1 ? index % 4 : normal),
    },
    {
      inputs: [[4, 3], [4]],
      attributes: { smoothing: 0.1 },
      constant: [1],
      fill: (input, index, normal) => (input === 1 ? index % 3 : normal),
    },
    {
      inputs: [
        [2, 3],
        [2, 3],
      ],
      attributes: { smoothing: 0 },
      constant: [1],
      fill: (input, _index, normal) => (input === 1 ? Math.abs(normal) : normal),
    },
  ],
});

export const binaryCrossEntropyOp = /* @__PURE__ */ defineOp<Two, object>("binaryCrossEntropy", {
  forward: ([logits, target]) => {
    const loss = emptyLike(logits);
    const slope = emptyLike(logits);
    loss.batch = logits.batch;
    launch(binaryCrossEntropyKernel, { logits, target, loss, dlogits: slope }, { length: logits.size });
    return { value: totalOf(loss, 1 / valuesOf(logits)), saved: [slope], batch: null };
  },
  vjp: (dy, _y, [logits], _attributes, [slope]) => [() => chained(dy, slope, 1 / valuesOf(logits)), null],
  samples: [
    {
      inputs: [
        [3, 4],
        [3, 4],
      ],
      attributes: {},
      constant: [1],
      fill: (input, index, normal) => (input === 1 ? index % 2 : normal),
    },
  ],
});

/** Number of values of the whole batch. */
function valuesOf(x: Tensor): number {
  return x.batch === null ? x.size : x.batch.size * sizeOf(x.shape.slice(1));
}

/** op(x) along an axis: op knows the last one alone. */
function along(op: Op<One, object>, x: Tensor, axis: number): Tensor {
  const [at] = resolveAxes(op.opName, x.shape, axis);
  const last = x.rank - 1;
  if (at === last) return op([x], {});
  return transpose(op([transpose(x, at, last)], {}), at, last);
}

/** e^x / sum e^x over an axis, the last one by default. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return along(softmaxOp, x, axis);
}

/** x - log sum e^x over an axis, the last one by default. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return along(logSoftmaxOp, x, axis);
}

/**
 * Mean over the batch of the cross-entropy of logits [N, K] with classes [N] (whole numbers) or distributions [N, K].
 * `smoothing` mixes the class with the uniform distribution, as label_smoothing in PyTorch. Error: a class below 0 or from K on.
 */
export function crossEntropy(logits: Tensor, target: Tensor, { smoothing = 0, ...others }: { smoothing?: number } = {}): Tensor {
  wantOptions("crossEntropy", others, "smoothing");
  if (logits.rank !== 2) throw new Error(`crossEntropy: logits ${shapeText(logits.shape)}, wanted [N, K]`);
  if (!(target instanceof Tensor)) throw new Error("crossEntropy: target that is no tensor, wanted tensor([...])");
  const fits = target.rank === 1 ? target.shape[0] === logits.shape[0] : shapeText(target.shape) === shapeText(logits.shape);
  if (!fits) throw new Error(`crossEntropy: target ${shapeText(target.shape)} for logits ${shapeText(logits.shape)}, wanted [N] or [N, K]`);
  if (smoothing < 0 || smoothing >= 1) throw new Error(`crossEntropy: smoothing ${smoothing}, wanted at least 0 and below 1`);
  if (smoothing > 0 && target.rank === 2) {
    const { cols } = lastAxis(logits);
    return crossEntropyOp([logits, alias(smoothed(target, smoothing, cols))], { smoothing: 0 });
  }
  if (target.rank === 1 && target.backend.readSync) {
    const classes = logits.shape[1];
    const other = target.toArray().find((label) => !(label >= 0 && label < classes));
    if (other !== undefined) throw new Error(`crossEntropy: class ${other}, wanted 0 to ${classes - 1}`);
  }
  return crossEntropyOp([logits, target], { smoothing });
}

function smoothed(target: Tensor, smoothing: number, cols: number): Tensor {
  const y = emptyLike(target);
  launch(affineKernel, { x: target, y }, { length: target.size, scale: 1 - smoothing, shift: smoothing / cols });
  y.batch = target.batch;
  return y;
}

/** Mean of (x - target)^2 over all values. */
export function meanSquaredError(x: Tensor, target: Tensor): Tensor {
  const difference = subtract(x, target);
  return mean(multiply(difference, difference));
}

/** Mean over all values of the cross-entropy of sigmoid(logits) with targets from 0 to 1, computed from the logits. */
export function binaryCrossEntropy(logits: Tensor, target: Tensor): Tensor {
  if (shapeText(logits.shape) !== shapeText(target.shape))
    throw new Error(`binaryCrossEntropy: logits ${shapeText(logits.shape)}, target ${shapeText(target.shape)}, wanted equal shapes`);
  if (logits.rank === 0) return binaryCrossEntropyOp([reshapeOp([logits], { shape: [1] }), reshapeOp([target], { shape: [1] })], {});
  return binaryCrossEntropyOp([logits, target], {});
}

/** The cross-entropy of each row with its class, [N]; without a gradient. */
export function crossEntropyRows(logits: Tensor, labels: Tensor): Tensor {
  const [rows, cols] = logits.shape;
  const loss = emptyLike(logits, [rows]);
  launch(kernels.softmaxCrossEntropy, { logits, labels, loss, dlogits: emptyLike(logits) }, { rows, cols, smoothing: 0 });
  loss.batch = logits.batch;
  return loss;
}
