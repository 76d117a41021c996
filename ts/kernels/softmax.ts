// Softmax, its logarithm and the cross-entropy of logits, each over the rows of [rows, cols], with their gradients.
// Every row is a result of that row alone. A row with a NaN, with +infinity, or of -infinity only is NaN throughout.
import { kernel } from "./kernel.ts";

const samples = [
  ...[0, 1, 2, 3, 4, 5, 10, 15, 16, 17, 33, 100, 257].map((cols) => ({ rows: 3, cols })),
  { rows: 0, cols: 5 },
  { rows: 1, cols: 1000 },
  { rows: 6, cols: 10 },
];

const wide = (_: number, normal: number) => normal * 3;

/** ln sum e^x of a row: largest + ln sum e^(x - largest). */
function logSumExp(x: Float64Array, from: number, cols: number): number {
  let largest = -Infinity;
  for (let j = 0; j < cols; j++) largest = Math.max(largest, x[from + j]);
  let sum = 0;
  for (let j = 0; j < cols; j++) sum += Math.exp(x[from + j] - largest);
  return largest + Math.log(sum);
}

/** y = e^x / sum e^x */
export const softmax = /* @__PURE__ */ kernel({
  name: "softmax_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ x: rows * cols, y: rows * cols }),
  define: ({ x, y }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) {
      const total = logSumExp(x, i * cols, cols);
      for (let j = 0; j < cols; j++) y[i * cols + j] = Math.exp(x[i * cols + j] - total);
    }
  },
  samples,
  fill: { x: wide },
  terms: ({ cols }) => Math.max(1, cols),
});

/** y = x - ln sum e^x */
export const logSoftmax = /* @__PURE__ */ kernel({
  name: "log_softmax_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ x: rows * cols, y: rows * cols }),
  define: ({ x, y }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) {
      const total = logSumExp(x, i * cols, cols);
      for (let j = 0; j < cols; j++) y[i * cols + j] = x[i * cols + j] - total;
    }
  },
  samples,
  fill: { x: wide },
  terms: ({ cols }) => Math.max(1, cols),
});

/** dx = y (dy - sum_j y_j dy_j), y the forward's output. */
export const softmaxBackward = /* @__PURE__ */ kernel({
  name: "softmax_backward_f32",
  buffers: { y: "in", dy: "in", dx: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ y: rows * cols, dy: rows * cols, dx: rows * cols }),
  define: ({ y, dy, dx }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += y[i * cols + j] * dy[i * cols + j];
      for (let j = 0; j < cols; j++) dx[i * cols + j] = y[i * cols + j] * (dy[i * cols + j] - sum);
    }
  },
  samples,
  fill: { y: (_, normal) => Math.abs(normal) },
  terms: ({ cols }) => Math.max(1, cols),
});

/** dx = dy - e^y sum_j dy_j, y the forward's output (a logarithm). */
export const logSoftmaxBackward = /* @__PURE__ */ kernel({
  name: "log_softmax_backward_f32",
  buffers: { y: "in", dy: "in", dx: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ y: rows * cols, dy: rows * cols, dx: rows * cols }),
  define: ({ y, dy, dx }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += dy[i * cols + j];
      for (let j = 0; j < cols; j++) dx[i * cols + j] = dy[i * cols + j] - Math.exp(y[i * cols + j]) * sum;
    }
  },
  samples,
  fill: { y: (_, normal) => -Math.abs(normal) * 2 },
  terms: ({ cols }) => Math.max(1, cols),
});

/**
 * Cross-entropy of logits with a class a row, and its gradient (not divided by the rows):
 * loss = (1 - smoothing) (L - x_label) + smoothing / cols sum_j (L - x_j), L = ln sum e^x,
 * dlogits = softmax - (1 - smoothing) [j = label] - smoothing / cols. A label that is no class makes the row NaN.
 */
export const softmaxCrossEntropy = /* @__PURE__ */ kernel({
  name: "softmax_cross_entropy_f32",
  buffers: { logits: "in", labels: "in", loss: "out", dlogits: "out" },
  numbers: ["rows", "cols", "smoothing"],
  lengths: ({ rows, cols }) => ({ logits: rows * cols, labels: rows, loss: rows, dlogits: rows * cols }),
  define: ({ logits, labels, loss, dlogits }, { rows, cols, smoothing }) => {
    for (let i = 0; i < rows; i++) {
      const from = i * cols;
      const label = labels[i];
      const total = label >= 0 && label < cols && Math.trunc(label) === label ? logSumExp(logits, from, cols) : NaN;
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += total - logits[from + j];
      loss[i] = total !== total ? NaN : (1 - smoothing) * (total - logits[from + label]) + (smoothing === 0 ? 0 : (smoothing / cols) * sum);
      for (let j = 0; j < cols; j++) {
        dlogits[from + j] = Math.exp(logits[from + j] - total) - (j === label ? 1 - smoothing : 0) - smoothing / cols;
      }
    }
  },
  // One class and smoothing have a gradient of 0 but for rounding, which has no relative error.
  samples: [0, 0.1].flatMap((smoothing) =>
    samples.filter(({ cols }) => smoothing === 0 || cols !== 1).map((sample) => ({ ...sample, smoothing })),
  ),
  fill: { logits: wide, labels: (index, _, { cols }) => (index * 7 + 2) % Math.max(1, cols) },
  terms: ({ cols }) => Math.max(1, cols),
});

/** Cross-entropy of logits with a distribution a row: loss = sum_j t_j (L - x_j), dlogits = softmax sum_j t_j - t. */
export const softmaxCrossEntropySoft = /* @__PURE__ */ kernel({
  name: "softmax_cross_entropy_soft_f32",
  buffers: { logits: "in", targets: "in", loss: "out", dlogits: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ logits: rows * cols, targets: rows * cols, loss: rows, dlogits: rows * cols }),
  define: ({ logits, targets, loss, dlogits }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) {
      const from = i * cols;
      const total = logSumExp(logits, from, cols);
      let weight = 0;
      loss[i] = 0;
      for (let j = 0; j < cols; j++) {
        weight += targets[from + j];
        loss[i] += targets[from + j] * (total - logits[from + j]);
      }
      for (let j = 0; j < cols; j++) dlogits[from + j] = weight * Math.exp(logits[from + j] - total) - targets[from + j];
    }
  },
  samples,
  fill: { logits: wide, targets: (_, normal, { cols }) => Math.abs(normal) / Math.max(1, cols) },
  terms: ({ cols }) => Math.max(1, cols),
});
