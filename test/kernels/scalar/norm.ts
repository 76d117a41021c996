// Batch, group and layer normalization: sums over rows by channels.ts, coefficients in float64 and rounded once. A row of layer norm is
// summed in blocks of 1024: element j to accumulator j mod 16, float32; blocks in order in float64.
import * as groups from "../../../ts/definitions/group-norm.ts";
import * as layers from "../../../ts/definitions/layer-norm.ts";
import * as kernels from "../../../ts/definitions/norm.ts";
import { backwardOf, column, products, rawMoments, type Column } from "./channels.ts";
import { f, lanes16, madd, pmax, scalar, type Scalar } from "./scalar.ts";

/** dy, or 0 where relu took the value away. */
function gated(x: Column, dy: Column, scale: number, shift: number, relu: number): Column {
  return relu !== 0 ? (i) => (f(x(i) * scale) > -shift ? dy(i) : 0) : dy;
}

function batchNormBackward(
  { x, dy, meanVariance, scaleShift, sums, dx }: Readonly<Record<"x" | "dy" | "meanVariance" | "scaleShift" | "sums" | "dx", Float32Array>>,
  { rows, c, relu, count }: Readonly<Record<"rows" | "c" | "relu" | "count", number>>,
  isAdded: boolean,
): void {
  for (let j = 0; j < c; j++) {
    const scale = scaleShift[j];
    const factor = -scale / count;
    const slope = f(factor * scaleShift[2 * c + j] * sums[c + j]);
    const offset = f(factor * sums[j]);
    const at = column(x, 0, c, j);
    const dz = gated(at, column(dy, 0, c, j), scale, scaleShift[c + j], relu);
    for (let i = 0; i < rows; i++) {
      const value = backwardOf(dz(i), at(i), meanVariance[j], scale, slope, offset);
      dx[i * c + j] = isAdded ? dx[i * c + j] + value : value;
    }
  }
}

export const batchNorm: readonly Scalar[] = [
  scalar(kernels.batchNormMoments, ({ x, moments }, { rows, c }) => {
    for (let j = 0; j < c; j++) {
      const [sum, square] = rawMoments(column(x, 0, c, j), rows);
      const mean = rows > 0 ? sum / rows : 0;
      const rest = square - rows * mean * mean;
      moments[j] = mean;
      moments[c + j] = rest < 0 ? 0 : rest;
    }
  }),
  scalar(kernels.batchNormCombine, ({ moments, y }, { samples, shards, rowsPerSample, c }) => {
    const bound = (s: number): number => Math.floor((Math.min(s, shards) * samples) / shards) * rowsPerSample;
    for (let j = 0; j < c; j++) {
      const mean = Array.from({ length: shards }, (_, s) => moments[s * 2 * c + j]);
      const square = Array.from({ length: shards }, (_, s) => moments[(s * 2 + 1) * c + j]);
      for (let k = 1; k < shards; k *= 2)
        for (let i = 0; i + k < shards; i += 2 * k) {
          const countA = bound(i + k) - bound(i);
          const countB = bound(i + 2 * k) - bound(i + k);
          if (countB === 0) continue;
          if (countA === 0) {
            mean[i] = mean[i + k];
            square[i] = square[i + k];
            continue;
          }
          const share = countB / (countA + countB);
          const delta = mean[i + k] - mean[i];
          mean[i] += delta * share;
          square[i] = square[i] + square[i + k] + delta * delta * (countA * share);
        }
      const count = samples * rowsPerSample;
      y[j] = count > 0 ? mean[0] : 0;
      y[c + j] = count > 0 ? square[0] / count : 0;
    }
  }),
  scalar(kernels.batchNormScale, ({ meanVariance, gamma, beta, y }, { c, eps }) => {
    for (let j = 0; j < c; j++) {
      const invstd = 1 / Math.sqrt(meanVariance[c + j] + eps);
      const scale = gamma ? gamma[j] * invstd : invstd;
      y[j] = scale;
      y[c + j] = (beta ? beta[j] : 0) - meanVariance[j] * scale;
      y[2 * c + j] = invstd;
    }
  }),
  scalar(kernels.batchNormRunning, ({ meanVariance, running, y }, { c, momentum, count }) => {
    const unbiased = momentum * (count > 1 ? count / (count - 1) : 1);
    for (let j = 0; j < c; j++) {
      y[j] = (1 - momentum) * running[j] + momentum * meanVariance[j];
      y[c + j] = (1 - momentum) * running[c + j] + unbiased * meanVariance[c + j];
    }
  }),
  scalar(kernels.batchNorm, ({ x, scaleShift, y }, { rows, c, relu }) => {
    for (let at = 0; at < rows * c; at++) {
      const value = madd(x[at], scaleShift[at % c], scaleShift[c + (at % c)]);
      y[at] = relu !== 0 ? pmax(value, 0) : value;
    }
  }),
  scalar(kernels.batchNormBackwardSums, ({ x, dy, meanVariance, scaleShift, sums }, { rows, c, relu }) => {
    for (let j = 0; j < c; j++) {
      const at = column(x, 0, c, j);
      const dz = gated(at, column(dy, 0, c, j), scaleShift[j], scaleShift[c + j], relu);
      const [sum, product] = products(at, dz, rows, meanVariance[j]);
      sums[j] = sum;
      sums[c + j] = product * scaleShift[2 * c + j];
    }
  }),
  scalar(kernels.batchNormBackward, (buffers, numbers) => batchNormBackward(buffers, numbers, false)),
  scalar(kernels.batchNormBackwardAdd, (buffers, numbers) => batchNormBackward(buffers, numbers, true)),
];

export const groupNorm: readonly Scalar[] = [
  scalar(groups.groupNorm, ({ x, gamma, beta, y, stats }, { n, pixels, c, groups, eps }) => {
    const width = c / groups;
    const count = pixels * width;
    for (let i = 0; i < n; i++)
      for (let g = 0; g < groups; g++) {
        let total = 0;
        let square = 0;
        for (let j = g * width; j < (g + 1) * width; j++) {
          const moments = rawMoments(column(x, i * pixels, c, j), pixels);
          total += moments[0];
          square += moments[1];
        }
        const mean = count > 0 ? total / count : 0;
        const variance = count > 0 ? square / count - mean * mean : 0;
        const rstd = 1 / Math.sqrt((variance < 0 ? 0 : variance) + eps);
        stats[(i * groups + g) * 2] = mean;
        stats[(i * groups + g) * 2 + 1] = rstd;
        for (let j = g * width; j < (g + 1) * width; j++) {
          const factor = (gamma ? gamma[j] : 1) * rstd;
          const shift = f((beta ? beta[j] : 0) - mean * factor);
          for (let p = 0; p < pixels; p++) y[(i * pixels + p) * c + j] = madd(x[(i * pixels + p) * c + j], f(factor), shift);
        }
      }
  }),
  scalar(groups.groupNormBackward, ({ x, dy, gamma, stats, dx, dgamma, dbeta }, { n, pixels, c, groups }) => {
    const width = c / groups;
    const count = pixels * width;
    const [sums, all] = [new Float64Array(c), new Float64Array(c)];
    for (let i = 0; i < n; i++)
      for (let g = 0; g < groups; g++) {
        const mean = stats[(i * groups + g) * 2];
        const rstd = stats[(i * groups + g) * 2 + 1];
        let sum = 0;
        let product = 0;
        for (let j = g * width; j < (g + 1) * width; j++) {
          const found = products(column(x, i * pixels, c, j), column(dy, i * pixels, c, j), pixels, mean);
          sum += (gamma ? gamma[j] : 1) * found[0];
          product += (gamma ? gamma[j] : 1) * found[1];
          sums[j] += found[0];
          all[j] += found[1] * rstd;
        }
        const slope = f((-rstd * rstd * rstd * product) / count);
        const offset = f((-rstd * sum) / count);
        for (let j = g * width; j < (g + 1) * width; j++) {
          const scale = f((gamma ? gamma[j] : 1) * rstd);
          for (let p = 0; p < pixels; p++) {
            const at = (i * pixels + p) * c + j;
            dx[at] = backwardOf(dy[at], x[at], mean, scale, slope, offset);
          }
        }
      }
    dgamma?.set(all);
    dbeta?.set(sums);
  }),
];

function rowSum(from: number, c: number, term: (sum: number, at: number) => number): number {
  let total = 0;
  for (let block = 0; block < c; block += 1024) {
    const sums = new Float32Array(16);
    for (let j = block; j < Math.min(c, block + 1024); j++) sums[(j - block) % 16] = term(sums[(j - block) % 16], from + j);
    total += lanes16(sums);
  }
  return total;
}

export const layerNorm: readonly Scalar[] = [
  scalar(layers.layerNorm, ({ x, gamma, beta, y, stats }, { rows, c, eps }) => {
    for (let i = 0; i < rows; i++) {
      const mean = f(c > 0 ? rowSum(i * c, c, (sum, at) => f(sum + x[at])) / c : 0);
      const squares = rowSum(i * c, c, (sum, at) => madd(f(x[at] - mean), f(x[at] - mean), sum));
      const rstd = f(1 / Math.sqrt((c > 0 ? squares / c : 0) + eps));
      stats[2 * i] = mean;
      stats[2 * i + 1] = rstd;
      for (let j = 0; j < c; j++) {
        const v = f(f(x[i * c + j] - mean) * rstd);
        y[i * c + j] = gamma && beta ? madd(v, gamma[j], beta[j]) : gamma ? v * gamma[j] : beta ? v + beta[j] : v;
      }
    }
  }),
  scalar(layers.layerNormBackward, ({ x, dy, gamma, stats, dx }, { rows, c }) => {
    for (let i = 0; i < rows; i++) {
      const mean = stats[2 * i];
      const rstd = stats[2 * i + 1];
      const g = (at: number): number => (gamma ? f(dy[at] * gamma[at - i * c]) : dy[at]);
      const sum = rowSum(i * c, c, (before, at) => f(before + g(at)));
      const product = rowSum(i * c, c, (before, at) => madd(g(at), f(x[at] - mean), before));
      const offset = f((-rstd * sum) / c);
      const slope = f((-rstd * rstd * rstd * product) / c);
      for (let at = i * c; at < (i + 1) * c; at++) dx[at] = backwardOf(g(at), x[at], mean, rstd, slope, offset);
    }
  }),
  scalar(layers.layerNormAffineGradient, ({ x, dy, stats, dgamma, dbeta }, { rows, c }) => {
    for (let j = 0; j < c; j++) {
      let all = 0;
      let sums = 0;
      for (let from = 0; from < rows; from += 64) {
        let product = 0;
        let sum = 0;
        for (let i = from; i < Math.min(rows, from + 64); i++) {
          const g = dy[i * c + j];
          product = madd(g, f(f(x[i * c + j] - stats[2 * i]) * stats[2 * i + 1]), product);
          sum = f(sum + g);
        }
        all += product;
        sums += sum;
      }
      dgamma[j] = all;
      dbeta[j] = sums;
    }
  }),
];
