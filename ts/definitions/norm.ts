// What the kernels of ts/kernels/norm.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/norm.ts";
import { defined } from "./definition.ts";

/** Channel counts and row counts on and around the tiles (16 channels, 64 rows). */
const sizes = [
  { rows: 0, c: 3 },
  { rows: 1, c: 1 },
  { rows: 5, c: 3 },
  { rows: 63, c: 10 },
  { rows: 64, c: 16 },
  { rows: 65, c: 17 },
  { rows: 130, c: 32 },
  { rows: 200, c: 64 },
  { rows: 129, c: 4 },
  { rows: 67, c: 44 },
  { rows: 1000, c: 16 },
];

const sizesWithRelu = /* @__PURE__ */ sizes.flatMap((size) => [
  { ...size, relu: 0 },
  { ...size, relu: 1 },
]);

/** Fills [2,c] mean and variance. */
const meanVariance = (index: number, normal: number, { c }: { readonly c: number }): number => (index < c ? normal : normal * normal + 0.1);

/** Fills [3,c] scale, shift and invstd. */
const scaleShift = (index: number, normal: number, { c }: { readonly c: number }): number =>
  index < 2 * c ? normal : Math.abs(normal) + 0.5;

export const batchNormMoments = /* @__PURE__ */ defined(kernels.batchNormMoments, {
  define: ({ x, moments }, { rows, c }) => {
    for (let j = 0; j < c; j++) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += x[i * c + j];
      const mean = rows > 0 ? sum / rows : 0;
      let squares = 0;
      for (let i = 0; i < rows; i++) squares += (x[i * c + j] - mean) * (x[i * c + j] - mean);
      moments[j] = mean;
      moments[c + j] = squares;
    }
  },
  samples: sizes,
  terms: ({ rows }) => rows,
});

export const batchNormCombine = /* @__PURE__ */ defined(kernels.batchNormCombine, {
  define: ({ moments, y }, { samples, shards, rowsPerSample, c }) => {
    for (let j = 0; j < c; j++) {
      let count = 0;
      let mean = 0;
      let squares = 0;
      for (let s = 0; s < shards; s++) {
        const rows = (Math.floor(((s + 1) * samples) / shards) - Math.floor((s * samples) / shards)) * rowsPerSample;
        if (rows === 0) continue;
        const delta = moments[s * 2 * c + j] - mean;
        mean += (delta * rows) / (count + rows);
        squares += moments[s * 2 * c + c + j] + (delta * delta * count * rows) / (count + rows);
        count += rows;
      }
      y[j] = mean;
      y[c + j] = count > 0 ? squares / count : 0;
    }
  },
  samples: [
    { samples: 8, shards: 1, rowsPerSample: 4, c: 3 },
    { samples: 8, shards: 2, rowsPerSample: 1, c: 16 },
    { samples: 7, shards: 3, rowsPerSample: 64, c: 17 },
    { samples: 128, shards: 24, rowsPerSample: 1024, c: 16 },
    { samples: 3, shards: 5, rowsPerSample: 9, c: 1 },
    { samples: 2, shards: 7, rowsPerSample: 1, c: 10 },
    { samples: 0, shards: 2, rowsPerSample: 1, c: 5 },
    { samples: 33, shards: 13, rowsPerSample: 2, c: 64 },
  ],
  fill: {
    moments: (index, normal, { c }) => (Math.floor(index / c) % 2 === 0 ? normal : 10 * normal * normal),
  },
  terms: () => 4,
});

export const batchNormScale = /* @__PURE__ */ defined(kernels.batchNormScale, {
  define: ({ meanVariance, gamma, beta, y }, { c, eps }) => {
    for (let j = 0; j < c; j++) {
      const invstd = 1 / Math.sqrt(meanVariance[c + j] + eps);
      const scale = (gamma ? gamma[j] : 1) * invstd;
      y[j] = scale;
      y[c + j] = (beta ? beta[j] : 0) - meanVariance[j] * scale;
      y[2 * c + j] = invstd;
    }
  },
  samples: [
    { c: 0, eps: 1e-5 },
    { c: 1, eps: 1e-5 },
    { c: 3, eps: 1e-5 },
    { c: 17, eps: 1e-3 },
    { c: 64, eps: 1e-5 },
  ],
  fill: { meanVariance },
});

export const batchNormRunning = /* @__PURE__ */ defined(kernels.batchNormRunning, {
  define: ({ meanVariance, running, y }, { c, momentum, count }) => {
    const unbiased = count > 1 ? count / (count - 1) : 1;
    for (let j = 0; j < c; j++) {
      y[j] = (1 - momentum) * running[j] + momentum * meanVariance[j];
      y[c + j] = (1 - momentum) * running[c + j] + momentum * unbiased * meanVariance[c + j];
    }
  },
  samples: [
    { c: 0, momentum: 0.1, count: 4 },
    { c: 1, momentum: 0.1, count: 2 },
    { c: 3, momentum: 0.1, count: 1 },
    { c: 10, momentum: 0.01, count: 8192 },
    { c: 64, momentum: 0.1, count: 131072 },
  ],
  fill: { meanVariance, running: meanVariance },
});

export const batchNorm = /* @__PURE__ */ defined(kernels.batchNorm, {
  define: ({ x, scaleShift, y }, { rows, c, relu }) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < c; j++) {
        const z = x[i * c + j] * scaleShift[j] + scaleShift[c + j];
        y[i * c + j] = relu !== 0 && z < 0 ? 0 : z;
      }
    }
  },
  samples: sizesWithRelu,
  fill: { scaleShift },
});

export const batchNormBackwardSums = /* @__PURE__ */ defined(kernels.batchNormBackwardSums, {
  define: ({ x, dy, meanVariance, scaleShift, sums }, { rows, c, relu }) => {
    for (let j = 0; j < c; j++) {
      let sum = 0;
      let product = 0;
      for (let i = 0; i < rows; i++) {
        const at = i * c + j;
        const dz = relu !== 0 && !(x[at] * scaleShift[j] + scaleShift[c + j] > 0) ? 0 : dy[at];
        sum += dz;
        product += dz * (x[at] - meanVariance[j]);
      }
      sums[j] = sum;
      sums[c + j] = product * scaleShift[2 * c + j];
    }
  },
  samples: sizesWithRelu,
  fill: { meanVariance, scaleShift },
  terms: ({ rows }) => rows,
});

/** scale * (dz - sums[0] / count - xhat * sums[1] / count) at each place. */
function eachBackward(
  { x, dy, meanVariance, scaleShift, sums }: Readonly<Record<"x" | "dy" | "meanVariance" | "scaleShift" | "sums", Float64Array>>,
  { rows, c, relu, count }: Readonly<Record<"rows" | "c" | "relu" | "count", number>>,
  put: (at: number, dx: number) => void,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < c; j++) {
      const at = i * c + j;
      const scale = scaleShift[j];
      const dz = relu !== 0 && !(x[at] * scale + scaleShift[c + j] > 0) ? 0 : dy[at];
      const xhat = (x[at] - meanVariance[j]) * scaleShift[2 * c + j];
      put(at, scale * (dz - sums[j] / count - (xhat * sums[c + j]) / count));
    }
  }
}

export const batchNormBackward = /* @__PURE__ */ defined(kernels.batchNormBackward, {
  define: ({ dx, ...buffers }, numbers) => eachBackward(buffers, numbers, (at, value) => (dx[at] = value)),
  samples: sizesWithRelu.map((size) => ({ ...size, count: size.rows + 7 })),
  fill: { meanVariance, scaleShift },
  terms: () => 8,
});

export const batchNormBackwardAdd = /* @__PURE__ */ defined(kernels.batchNormBackwardAdd, {
  define: ({ dx, ...buffers }, numbers) => eachBackward(buffers, numbers, (at, value) => (dx[at] += value)),
  samples: sizesWithRelu.map((size) => ({ ...size, count: size.rows + 7 })),
  fill: { meanVariance, scaleShift },
  terms: () => 8,
});
