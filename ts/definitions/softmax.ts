// What the kernels of ts/kernels/softmax.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/softmax.ts";
import { defined } from "./definition.ts";

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

export const softmax = /* @__PURE__ */ defined(kernels.softmax, {
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

export const logSoftmax = /* @__PURE__ */ defined(kernels.logSoftmax, {
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

export const softmaxBackward = /* @__PURE__ */ defined(kernels.softmaxBackward, {
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

export const logSoftmaxBackward = /* @__PURE__ */ defined(kernels.logSoftmaxBackward, {
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

export const softmaxCrossEntropy = /* @__PURE__ */ defined(kernels.softmaxCrossEntropy, {
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

export const softmaxCrossEntropySoft = /* @__PURE__ */ defined(kernels.softmaxCrossEntropySoft, {
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
