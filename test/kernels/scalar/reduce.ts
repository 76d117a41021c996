// Sums along an axis and over buffers in the orders that assembly/simd/reduce.ts states, and softmax, whose sums along a row are such.
import * as kernels from "../../../ts/definitions/reduce.ts";
import * as rows from "../../../ts/definitions/softmax.ts";
import { expNormal, log } from "./functions.ts";
import { exact, f, lanes16, scalar, type Scalar } from "./scalar.ts";

/** Element j goes to accumulator j mod 16, ascending, from 0. */
function accumulators(length: number, at: (j: number) => number): Float32Array {
  const sums = new Float32Array(16);
  for (let j = 0; j < length; j++) sums[j % 16] += at(j);
  return sums;
}

function rowSum(length: number, at: (j: number) => number): number {
  const totals = new Float32Array(16);
  for (let from = 0; from < length; from += 2048) {
    const sums = accumulators(Math.min(2048, length - from), (j) => at(from + j));
    for (let a = 0; a < 16; a++) totals[a] += sums[a];
  }
  return lanes16(totals);
}

function columnSum(length: number, at: (l: number) => number): number {
  let total = 0;
  for (let from = 0; from < length; from += 128) {
    let sum = 0;
    for (let l = from; l < Math.min(length, from + 128); l++) sum = f(sum + at(l));
    total = f(total + sum);
  }
  return total;
}

export const reduce: readonly Scalar[] = [
  scalar(kernels.reduceSum, ({ x, y }, { outer, length, inner }) => {
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const at = (l: number): number => x[(o * length + l) * inner + i];
        y[o * inner + i] = inner === 1 ? rowSum(length, at) : columnSum(length, at);
      }
  }),
  exact(kernels.reduceMax),
  exact(kernels.argmax),
  exact(kernels.reduceMaxBackward),
  scalar(kernels.sumOfSquares, ({ x, y }, { length }) => {
    const p = new Float64Array(16);
    for (let j = 0; j < length; j++) p[j % 16] += x[j] * x[j];
    const lane = (l: number): number => p[l] + p[2 + l] + (p[4 + l] + p[6 + l]) + (p[8 + l] + p[10 + l] + (p[12 + l] + p[14 + l]));
    y[0] = lane(0) + lane(1);
  }),
  exact(kernels.nonfinite),
  scalar(kernels.treeSum, ({ parts, total }, { count, width }) => {
    const sums = parts.slice(0, count * width);
    for (let k = 1; k < count; k *= 2)
      for (let i = 0; i + k < count; i += 2 * k) for (let j = 0; j < width; j++) sums[i * width + j] += sums[(i + k) * width + j];
    for (let j = 0; j < width; j++) total[j] = count > 0 ? sums[j] : 0;
  }),
];

/** Sum of a row of at most any length in one go, as softmax adds. */
function sumOf(cols: number, at: (j: number) => number): number {
  return lanes16(accumulators(cols, at));
}

function largest(x: Float32Array, from: number, cols: number): number {
  let most = -Infinity;
  for (let j = 0; j < cols; j++) most = Math.max(most, x[from + j]);
  return most;
}

export const softmax: readonly Scalar[] = [
  scalar(rows.softmax, ({ x, y }, { rows, cols }) => {
    for (let from = 0; from < rows * cols; from += cols) {
      const top = largest(x, from, cols);
      const e = (j: number): number => expNormal(f(x[from + j] - top));
      const factor = f(1 / sumOf(cols, e));
      for (let j = 0; j < cols; j++) y[from + j] = e(j) * factor;
    }
  }),
  scalar(rows.logSoftmax, ({ x, y }, { rows, cols }) => {
    for (let from = 0; from < rows * cols; from += cols) {
      const top = largest(x, from, cols);
      const total = log(sumOf(cols, (j) => expNormal(f(x[from + j] - top))));
      for (let j = 0; j < cols; j++) y[from + j] = f(x[from + j] - top) - total;
    }
  }),
  scalar(rows.softmaxBackward, ({ y, dy, dx }, { rows, cols }) => {
    for (let from = 0; from < rows * cols; from += cols) {
      const sum = sumOf(cols, (j) => f(y[from + j] * dy[from + j]));
      for (let j = 0; j < cols; j++) dx[from + j] = y[from + j] * f(dy[from + j] - sum);
    }
  }),
  scalar(rows.logSoftmaxBackward, ({ y, dy, dx }, { rows, cols }) => {
    for (let from = 0; from < rows * cols; from += cols) {
      const sum = sumOf(cols, (j) => dy[from + j]);
      for (let j = 0; j < cols; j++) dx[from + j] = dy[from + j] - f(expNormal(y[from + j]) * sum);
    }
  }),
  scalar(rows.softmaxCrossEntropy, ({ logits, labels, loss, dlogits }, { rows, cols, smoothing }) => {
    const weight = f(1 - smoothing);
    const share = f(smoothing / cols);
    for (let i = 0; i < rows; i++) {
      const from = i * cols;
      const label = labels[i];
      if (!(label >= 0 && label < cols && Math.trunc(label) === label)) {
        loss[i] = NaN;
        dlogits.fill(NaN, from, from + cols);
        continue;
      }
      const top = largest(logits, from, cols);
      const lower = (j: number): number => f(logits[from + j] - top);
      const sum = sumOf(cols, (j) => expNormal(lower(j)));
      const logSum = log(sum);
      let l = f(weight * f(logSum - lower(label)));
      if (smoothing !== 0) l = f(l + f(f(smoothing) * f(logSum - f(sumOf(cols, lower) / cols))));
      loss[i] = l;
      const factor = f(1 / sum);
      for (let j = 0; j < cols; j++) {
        const slope = f(f(expNormal(lower(j)) * factor) - share);
        dlogits[from + j] = j === label ? slope - weight : slope;
      }
    }
  }),
  scalar(rows.softmaxCrossEntropySoft, ({ logits, targets, loss, dlogits }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) {
      const from = i * cols;
      const top = largest(logits, from, cols);
      const lower = (j: number): number => f(logits[from + j] - top);
      const sum = sumOf(cols, (j) => expNormal(lower(j)));
      const weight = sumOf(cols, (j) => targets[from + j]);
      const inner = sumOf(cols, (j) => f(targets[from + j] * lower(j)));
      loss[i] = cols > 0 ? f(weight * log(sum)) - inner : 0;
      const factor = f(weight / sum);
      for (let j = 0; j < cols; j++) dlogits[from + j] = f(expNormal(lower(j)) * factor) - targets[from + j];
    }
  }),
];
