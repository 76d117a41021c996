// Batch norm: moments of shards combine to those of the whole, a channel's bits depend on nothing but its rows, the gradient's
// identities. Layer and group norm: a row or image has the same bits alone and in a batch.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { groupNorm, groupNormBackward } from "../../ts/definitions/group-norm.ts";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import { layerNorm, layerNormBackward } from "../../ts/definitions/layer-norm.ts";
import {
  batchNorm,
  batchNormBackward,
  batchNormBackwardSums,
  batchNormCombine,
  batchNormMoments,
  batchNormScale,
} from "../../ts/definitions/norm.ts";
import { asKernel, type Contents, makeInputs, normals, openWasm, runKernel, sameBits, type Sizes } from "./harness.ts";

const norm = suite("kernels/norm");
const wasm = openWasm();
const run = (kernel: unknown, inputs: Contents, numbers: Sizes): Record<string, Float32Array> =>
  runKernel(wasm, asKernel(kernel), inputs, numbers);

const column = (matrix: Float32Array, columns: number, at: number): Float32Array => matrix.filter((_, i) => i % columns === at);

function gaussian(length: number, seed: number, mean = 0): Float32Array {
  const next = normals(seed);
  return Float32Array.from({ length }, () => mean + next());
}

/** Mean and sum of squared deviations in float64. */
function exactMoments(values: Float32Array): { mean: number; squares: number } {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  return { mean, squares };
}

const near = (actual: number, wanted: number, tolerance: number, what: string): void =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${what}: ${actual}, wanted ${wanted} within ${tolerance}`);

norm("moments keep their accuracy far from zero and whatever the first rows are", () => {
  const rows = 1000;
  const far = gaussian(rows, 1, 10000);
  const outlier = gaussian(rows, 2, 3);
  outlier[0] = 1000;
  const flatStart = gaussian(rows, 3, 5).map((value, i) => (i < 64 ? -20 : value));
  const steps = gaussian(rows, 4).map((value, i) => value + 100 * Math.floor(i / 64));
  const constant = new Float32Array(rows).fill(0.1);
  const channels = [far, outlier, flatStart, steps, constant];
  const c = channels.length;
  const x = Float32Array.from({ length: rows * c }, (_, i) => channels[i % c][Math.floor(i / c)]);
  const { moments } = run(batchNormMoments, { x }, { rows, c });
  channels.forEach((channel, j) => {
    const { mean, squares } = exactMoments(channel);
    near(moments[j], mean, 1.5e-7 * Math.abs(mean), `mean of channel ${j}`);
    near(moments[c + j], squares, 4e-6 * squares + 1e-12, `squares of channel ${j}`);
  });
});

norm("moments of any number of shards combine to those of the whole", () => {
  const samples = 24;
  const rowsPerSample = 9;
  const c = 17;
  const x = gaussian(samples * rowsPerSample * c, 7).map((value, i) => value + (i % c === 3 ? 100 : 0.5));
  for (const shards of [1, 2, 3, 5, 7, 16, 24, 31]) {
    const moments = new Float32Array(shards * 2 * c);
    for (let s = 0; s < shards; s++) {
      const from = Math.floor((s * samples) / shards) * rowsPerSample;
      const to = Math.floor(((s + 1) * samples) / shards) * rowsPerSample;
      // What an empty shard holds is never read.
      if (from === to) moments.fill(NaN, s * 2 * c, (s + 1) * 2 * c);
      else moments.set(run(batchNormMoments, { x: x.slice(from * c, to * c) }, { rows: to - from, c })["moments"], s * 2 * c);
    }
    const { y } = run(batchNormCombine, { moments }, { samples, shards, rowsPerSample, c });
    for (let j = 0; j < c; j++) {
      const { mean, squares } = exactMoments(column(x, c, j));
      const variance = squares / (samples * rowsPerSample);
      near(y[j], mean, 2e-7 * (1 + Math.abs(mean)), `${shards} shards, mean ${j}`);
      near(y[c + j], variance, (j === 3 ? 1e-5 : 1e-6) * variance, `${shards} shards, variance ${j}`);
    }
  }
});

const channelKernels: readonly { kernel: DefinedKernel; numbers: Sizes }[] = [
  { kernel: asKernel(batchNormMoments), numbers: {} },
  { kernel: asKernel(batchNorm), numbers: { relu: 1 } },
  { kernel: asKernel(batchNormBackwardSums), numbers: { relu: 0 } },
  { kernel: asKernel(batchNormBackwardSums), numbers: { relu: 1 } },
  { kernel: asKernel(batchNormBackward), numbers: { relu: 0, count: 300 } },
  { kernel: asKernel(batchNormBackward), numbers: { relu: 1, count: 300 } },
];

for (const { kernel, numbers } of channelKernels) {
  norm(`${kernel.name} ${JSON.stringify(numbers)}: a channel alone has the same bits`, () => {
    for (const [rows, c] of [
      [130, 45],
      [63, 7],
      [193, 64],
    ]) {
      const inputs = makeInputs(kernel, { ...numbers, rows, c }, rows);
      const all = run(kernel, inputs, { ...numbers, rows, c });
      for (const j of [0, 5, 6, 17, 33, 44, 63].filter((j) => j < c)) {
        const own = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, column(values, c, j)]));
        const alone = run(kernel, own, { ...numbers, rows, c: 1 });
        for (const [name, values] of Object.entries(all))
          assert.ok(sameBits(alone[name], column(values, c, j)), `${name}, channel ${j} of ${c}`);
      }
    }
  });
}

/** Forward and backward of a whole batch. */
function trainStep(rows: number, c: number, relu: number, seed: number) {
  const x = gaussian(rows * c, seed, 2);
  const dy = gaussian(rows * c, seed + 1);
  const gamma = gaussian(c, seed + 2, 1);
  const beta = gaussian(c, seed + 3);
  const { moments } = run(batchNormMoments, { x }, { rows, c });
  const meanVariance = run(batchNormCombine, { moments }, { samples: 1, shards: 1, rowsPerSample: rows, c })["y"];
  const scaleShift = run(batchNormScale, { meanVariance, gamma, beta }, { c, eps: 1e-5 })["y"];
  const { y } = run(batchNorm, { x, scaleShift }, { rows, c, relu });
  return { x, dy, meanVariance, scaleShift, gamma, beta, y };
}

norm("the output has the mean beta and the deviation gamma", () => {
  const [rows, c] = [500, 10];
  const { y, gamma, beta } = trainStep(rows, c, 0, 11);
  for (let j = 0; j < c; j++) {
    const { mean, squares } = exactMoments(column(y, c, j));
    near(mean, beta[j], 1e-6, `mean ${j}`);
    near(Math.sqrt(squares / rows), Math.abs(gamma[j]), 1e-5 * Math.abs(gamma[j]), `deviation ${j}`);
  }
});

norm("the gradient of x sums to zero and is orthogonal to x", () => {
  const [rows, c] = [500, 10];
  const { x, dy, meanVariance, scaleShift } = trainStep(rows, c, 0, 21);
  const { sums } = run(batchNormBackwardSums, { x, dy, meanVariance, scaleShift }, { rows, c, relu: 0 });
  const { dx } = run(batchNormBackward, { x, dy, meanVariance, scaleShift, sums }, { rows, c, relu: 0, count: rows });
  for (let j = 0; j < c; j++) {
    let sum = 0;
    let product = 0;
    for (let i = 0; i < rows; i++) {
      sum += dx[i * c + j];
      product += dx[i * c + j] * (x[i * c + j] - meanVariance[j]);
    }
    near(sum, 0, 1e-4, `sum ${j}`);
    // Exactly eps / (variance + eps) of the product with dy is left.
    near(product, 0, 2e-2 * Math.abs(scaleShift[j]), `product ${j}`);
  }
});

norm("the fused relu keeps and drops the same elements forward and backward, and keeps NaN", () => {
  const [rows, c] = [150, 20];
  const { x, dy, meanVariance, scaleShift, y } = trainStep(rows, c, 1, 31);
  const plain = run(batchNorm, { x, scaleShift }, { rows, c, relu: 0 })["y"];
  assert.ok(y.every((value, i) => value === Math.max(0, plain[i])));
  const masked = dy.map((value, i) => (y[i] > 0 ? value : 0));
  const fused = run(batchNormBackwardSums, { x, dy, meanVariance, scaleShift }, { rows, c, relu: 1 })["sums"];
  const apart = run(batchNormBackwardSums, { x, dy: masked, meanVariance, scaleShift }, { rows, c, relu: 0 })["sums"];
  assert.ok(sameBits(fused, apart));
  const sums = fused;
  const fusedDx = run(batchNormBackward, { x, dy, meanVariance, scaleShift, sums }, { rows, c, relu: 1, count: rows })["dx"];
  const apartDx = run(batchNormBackward, { x, dy: masked, meanVariance, scaleShift, sums }, { rows, c, relu: 0, count: rows })["dx"];
  assert.ok(sameBits(fusedDx, apartDx));
  const poisoned = run(batchNorm, { x: x.map((value, i) => (i === 7 || i === 39 ? NaN : value)), scaleShift }, { rows, c, relu: 1 })["y"];
  poisoned.forEach((value, i) => assert.is(Number.isNaN(value), i === 7 || i === 39, `element ${i}`));
});

norm("running statistics take a gradient of scale * dy", () => {
  const [rows, c] = [33, 12];
  const { x, dy, meanVariance, scaleShift } = trainStep(rows, c, 0, 41);
  const sums = new Float32Array(2 * c);
  const { dx } = run(batchNormBackward, { x, dy, meanVariance, scaleShift, sums }, { rows, c, relu: 0, count: rows });
  dx.forEach((value, i) => assert.is(value, Math.fround(dy[i] * scaleShift[i % c])));
});

norm("layer norm: a row alone has the same bits, and mean 0 and deviation 1", () => {
  for (const c of [3, 16, 29, 384, 1500]) {
    const rows = 7;
    const x = gaussian(rows * c, c, 5);
    const dy = gaussian(rows * c, c + 1);
    const gamma = gaussian(c, c + 2);
    const beta = gaussian(c, c + 3);
    const { y, stats } = run(layerNorm, { x, gamma, beta }, { rows, c, eps: 1e-5 });
    const { dx } = run(layerNormBackward, { x, dy, gamma, stats }, { rows, c });
    const bare = run(layerNorm, { x }, { rows, c, eps: 1e-12 })["y"];
    for (const i of [0, 3, 6]) {
      const part = (values: Float32Array, width: number): Float32Array => values.slice(i * width, (i + 1) * width);
      const alone = run(layerNorm, { x: part(x, c), gamma, beta }, { rows: 1, c, eps: 1e-5 });
      assert.ok(sameBits(alone["y"], part(y, c)) && sameBits(alone["stats"], part(stats, 2)), `forward ${c}, row ${i}`);
      const back = run(layerNormBackward, { x: part(x, c), dy: part(dy, c), gamma, stats: part(stats, 2) }, { rows: 1, c });
      assert.ok(sameBits(back["dx"], part(dx, c)), `backward ${c}, row ${i}`);
      const { mean, squares } = exactMoments(part(bare, c));
      near(mean, 0, 2e-6, `mean of row ${i} of ${c}`);
      near(squares / c, 1, 2e-6, `variance of row ${i} of ${c}`);
    }
  }
});

norm("group norm: an image alone has the same bits; one pixel and one group is layer norm", () => {
  const [n, pixels, c, groups] = [3, 70, 20, 4];
  const x = gaussian(n * pixels * c, 51, 1);
  const dy = gaussian(n * pixels * c, 52);
  const gamma = gaussian(c, 53);
  const beta = gaussian(c, 54);
  const sizes = { n, pixels, c, groups };
  const { y, stats } = run(groupNorm, { x, gamma, beta }, { ...sizes, eps: 1e-5 });
  const { dx } = run(groupNormBackward, { x, dy, gamma, stats }, sizes);
  for (let i = 0; i < n; i++) {
    const part = (values: Float32Array): Float32Array => values.slice((i * values.length) / n, ((i + 1) * values.length) / n);
    const alone = run(groupNorm, { x: part(x), gamma, beta }, { ...sizes, n: 1, eps: 1e-5 });
    assert.ok(sameBits(alone["y"], part(y)) && sameBits(alone["stats"], part(stats)), `forward, image ${i}`);
    const back = run(groupNormBackward, { x: part(x), dy: part(dy), gamma, stats: part(stats) }, { ...sizes, n: 1 });
    assert.ok(sameBits(back["dx"], part(dx)), `backward, image ${i}`);
  }
  const flat = run(groupNorm, { x, gamma, beta }, { n: n * pixels, pixels: 1, c, groups: 1, eps: 1e-5 })["y"];
  const layer = run(layerNorm, { x, gamma, beta }, { rows: n * pixels, c, eps: 1e-5 })["y"];
  flat.forEach((value, i) => near(value, layer[i], 5e-6, `element ${i}`));
});

norm.run();
