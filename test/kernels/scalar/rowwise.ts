// Row-wise products and the orthogonal update, plain and with factors. A row's sum: blocks of 1024, in a block element j to accumulator j mod 8, a + 4 to a, the four
// as (t0 + t2) + (t1 + t3), float32; blocks in order in float64.
import * as kernels from "../../../ts/definitions/rowwise.ts";
import * as weighted from "../../../ts/definitions/weighted-update.ts";
import * as updates from "../../../ts/definitions/update.ts";
import { f, lanes4, madd, scalar, type Scalar } from "./scalar.ts";

function dot(a: Float32Array, b: Float32Array, from: number, cols: number): number {
  let total = 0;
  for (let block = 0; block < cols; block += 1024) {
    const sums = new Float32Array(8);
    for (let j = block; j < Math.min(cols, block + 1024); j++) sums[(j - block) % 8] += f(a[from + j] * b[from + j]);
    total += lanes4([0, 1, 2, 3].map((i) => f(sums[i] + sums[i + 4])));
  }
  return total;
}

/** y and s of a row of the update from its own x and u. */
function updateRow(x: Float32Array, u: Float32Array, eps: number): { readonly y: Float32Array; readonly s: number } {
  const s = f(dot(x, u, 0, x.length) / (dot(x, x, 0, x.length) + eps));
  return { y: x.map((value, j) => value + madd(-s, value, u[j])), s };
}

/** dx and du of a row. */
function updateRowBackward(
  x: Float32Array,
  u: Float32Array,
  s: number,
  dy: Float32Array,
  eps: number,
): { readonly dx: Float32Array; readonly du: Float32Array } {
  const t = dot(x, dy, 0, x.length) / (dot(x, x, 0, x.length) + eps);
  const [minusT, keep, back] = [f(-t), f(1 - s), f(2 * s * t)];
  return {
    dx: x.map((value, j) => madd(dy[j], keep, madd(minusT, u[j], f(back * value)))),
    du: x.map((value, j) => madd(minusT, value, dy[j])),
  };
}

/** Which of the factors there are, and a row of stream and branch with theirs. */
function weights(
  parts: number,
  factors: Float32Array,
  shift: number,
): { has: (bit: number) => boolean; stream: (x: Float32Array) => Float32Array; branch: (u: Float32Array) => Float32Array } {
  const has = (bit: number): boolean => (parts & bit) !== 0;
  return {
    has,
    stream: (x) => (has(1) ? x.map((value) => factors[0] * value) : x),
    branch: (u) => (has(2) ? u.map((value) => f(factors[1] * value) + shift) : u),
  };
}

const weightedUpdates: readonly Scalar[] = [
  scalar(weighted.weightedUpdate, ({ x, u, factors, y, s }, { rows, cols, parts, shift, eps }) => {
    const { has, stream, branch } = weights(parts, factors, shift);
    for (let i = 0; i < rows; i++) {
      const [from, to] = [i * cols, (i + 1) * cols];
      const own = updateRow(stream(x.slice(from, to)), branch(u.slice(from, to)), eps);
      s[i] = own.s;
      for (let at = from; at < to; at++) y[at] = has(4) ? madd(factors[2], u[at], own.y[at - from]) : own.y[at - from];
    }
  }),
  scalar(weighted.weightedUpdateBackward, ({ x, u, factors, s, dy, dx, du, sums }, { rows, cols, parts, shift, eps }) => {
    const { has, stream, branch } = weights(parts, factors, shift);
    const through = new Float32Array(rows * cols);
    const own = new Float32Array(rows * cols);
    const dyBefore = dy.slice(0, rows * cols);
    for (let i = 0; i < rows; i++) {
      const [from, to] = [i * cols, (i + 1) * cols];
      const row = updateRowBackward(stream(x.slice(from, to)), branch(u.slice(from, to)), s[i], dyBefore.slice(from, to), eps);
      through.set(row.dx, from);
      own.set(row.du, from);
    }
    for (let at = 0; at < rows * cols; at++) {
      dx[at] = has(1) ? factors[0] * through[at] : through[at];
      const beside = f(factors[2] * dyBefore[at]);
      if (has(2)) du[at] = has(4) ? madd(factors[1], own[at], beside) : f(factors[1] * own[at]) + shift;
      else du[at] = has(4) ? beside + own[at] : own[at];
    }
    if (!sums) return;
    const all = rows * cols;
    sums.set([has(1) ? dot(through, x, 0, all) : 0, has(2) ? dot(own, u, 0, all) : 0, has(4) ? dot(dyBefore, u, 0, all) : 0]);
  }),
];

export const rowwise: readonly Scalar[] = [
  ...weightedUpdates,
  scalar(kernels.rowDot, ({ a, b, y }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) y[i] = dot(a, b, i * cols, cols);
  }),
  scalar(kernels.rowAxpy, ({ alpha, x, z, y }, { rows, cols }) => {
    for (let at = 0; at < rows * cols; at++) y[at] = madd(alpha[Math.floor(at / cols)], x[at], z[at]);
  }),
  scalar(kernels.rowScale, ({ alpha, x, y }, { rows, cols }) => {
    for (let at = 0; at < rows * cols; at++) y[at] = alpha[Math.floor(at / cols)] * x[at];
  }),
  scalar(kernels.orthogonalUpdate, ({ x, u, y, s }, { rows, cols, eps }) => {
    for (let i = 0; i < rows; i++) {
      s[i] = dot(x, u, i * cols, cols) / (dot(x, x, i * cols, cols) + eps);
      for (let at = i * cols; at < (i + 1) * cols; at++) y[at] = x[at] + madd(-s[i], x[at], u[at]);
    }
  }),
  scalar(kernels.orthogonalUpdateBackward, ({ x, u, s, dy, dx, du }, { rows, cols, eps }) => {
    for (let i = 0; i < rows; i++) {
      const t = dot(x, dy, i * cols, cols) / (dot(x, x, i * cols, cols) + eps);
      const minusT = f(-t);
      const keep = f(1 - s[i]);
      const back = f(2 * s[i] * t);
      for (let at = i * cols; at < (i + 1) * cols; at++) {
        dx[at] = madd(dy[at], keep, madd(minusT, u[at], f(back * x[at])));
        du[at] = madd(minusT, x[at], dy[at]);
      }
    }
  }),
  scalar(kernels.streamStatistics, ({ x, u, y }, { rows, cols, eps }) => {
    const totals = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < rows; i++) {
      const xu = dot(x, u, i * cols, cols);
      const xx = dot(x, x, i * cols, cols);
      const uu = dot(u, u, i * cols, cols);
      const s = xu / (xx + eps);
      const along = s * s * xx;
      const difference = uu - 2 * s * xu + along;
      const across = difference < 0 ? 0 : difference;
      const norm = xx < eps ? eps : xx;
      const cosine = xx * uu > 0 ? xu / Math.sqrt(xx * uu) : 0;
      [xx, along, across, along / norm, across / norm, cosine].forEach((value, j) => (totals[j] += value));
    }
    y.set(totals);
  }),
];

/** average + rate * (v - average). */
function approach(average: number, v: number, rate: number): number {
  return madd(rate, f(v - average), average);
}

export const update: readonly Scalar[] = [
  scalar(updates.sgd, ({ w, g, m, wOut, mOut }, numbers) => {
    const { length, lr, momentum, dampening, weightDecay, nesterov, gradientScale, first } = numbers;
    const keep = f(momentum);
    for (let i = 0; i < length; i++) {
      const d = madd(f(weightDecay), w[i], f(f(gradientScale) * g[i]));
      const velocity = first !== 0 || momentum === 0 ? d : madd(keep, m[i], f(f(1 - dampening) * d));
      wOut[i] = madd(f(-lr), nesterov !== 0 ? madd(keep, velocity, d) : velocity, w[i]);
      mOut[i] = velocity;
    }
  }),
  scalar(updates.adam, ({ w, g, m, v, wOut, mOut, vOut }, numbers) => {
    const { length, lr, beta1, beta2, eps, weightDecay, decoupled, correction1, correction2, gradientScale } = numbers;
    const keep = decoupled !== 0 ? f(1 - lr * weightDecay) : 1;
    for (let i = 0; i < length; i++) {
      const d = madd(decoupled !== 0 ? 0 : f(weightDecay), w[i], f(f(gradientScale) * g[i]));
      const mean = approach(m[i], d, f(1 - beta1));
      const square = approach(v[i], f(d * d), f(1 - beta2));
      const direction = f(mean / f(f(f(Math.sqrt(square)) * f(1 / Math.sqrt(correction2))) + f(eps)));
      wOut[i] = madd(f(-lr / correction1), direction, f(w[i] * keep));
      mOut[i] = mean;
      vOut[i] = square;
    }
  }),
  scalar(updates.ema, ({ average, w, out }, { length, decay }) => {
    for (let i = 0; i < length; i++) out[i] = approach(average[i], w[i], f(1 - decay));
  }),
];
