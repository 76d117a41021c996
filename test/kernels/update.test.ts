// SGD and Adam against plain transcriptions of PyTorch's optimizers in float64 over several steps; updates in place; weights at rest.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { adam, ema, sgd } from "../../ts/definitions/update.ts";
import { asKernel, type Contents, normals, openWasm, runKernel, sameBits, type Sizes } from "./harness.ts";

const update = suite("kernels/update");
const wasm = openWasm();
const run = (kernel: unknown, inputs: Contents, numbers: Sizes): Record<string, Float32Array> =>
  runKernel(wasm, asKernel(kernel), inputs, numbers);

function gaussian(length: number, seed: number): Float32Array {
  const next = normals(seed);
  return Float32Array.from({ length }, next);
}

const close = (actual: Float32Array, wanted: readonly number[], tolerance: number, what: string): void =>
  actual.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) <= tolerance, `${what}, element ${i}: ${value}, wanted ${wanted[i]}`));

interface SgdOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/** torch.optim.SGD for one element; `buffer` is undefined before the first step. */
function torchSgd(w: number, g: number, buffer: number | undefined, options: SgdOptions): { w: number; buffer: number | undefined } {
  let grad = g;
  if (options.weightDecay !== 0) grad += options.weightDecay * w;
  if (options.momentum !== 0) {
    buffer = buffer === undefined ? grad : options.momentum * buffer + (1 - options.dampening) * grad;
    grad = options.nesterov ? grad + options.momentum * buffer : buffer;
  }
  return { w: w - options.lr * grad, buffer };
}

const sgdCases: readonly SgdOptions[] = [
  { lr: 0.1, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false },
  { lr: 0.1, momentum: 0, dampening: 0.3, weightDecay: 0.01, nesterov: false },
  { lr: 0.1, momentum: 0.9, dampening: 0, weightDecay: 5e-4, nesterov: false },
  { lr: 0.05, momentum: 0.9, dampening: 0, weightDecay: 5e-4, nesterov: true },
  { lr: 0.1, momentum: 0.8, dampening: 0.5, weightDecay: 0, nesterov: false },
];

for (const options of sgdCases) {
  update(`SGD follows PyTorch's: ${JSON.stringify(options)}`, () => {
    const length = 45;
    const gradientScale = 1 / 16;
    let w = gaussian(length, 1);
    // Before the first step the velocity is whatever memory holds.
    let m: Float32Array = new Float32Array(length).fill(NaN);
    let wanted = [...w];
    let buffers: (number | undefined)[] = wanted.map(() => undefined);
    for (let step = 0; step < 8; step++) {
      const g = gaussian(length, 10 + step).map((value) => 16 * value);
      const numbers = { ...options, length, nesterov: Number(options.nesterov), gradientScale, first: Number(step === 0) };
      const { wOut, mOut } = run(sgd, { w, g, m }, numbers);
      const next = wanted.map((value, i) => torchSgd(value, g[i] / 16, buffers[i], options));
      wanted = next.map((element) => element.w);
      buffers = next.map((element) => element.buffer);
      close(wOut, wanted, 2e-6, `step ${step}`);
      if (options.momentum !== 0) close(mOut, buffers.map(Number), 4e-6, `velocity, step ${step}`);
      w = wOut;
      m = mOut;
    }
  });
}

for (const { decoupled, weightDecay } of [
  { decoupled: 0, weightDecay: 0 },
  { decoupled: 0, weightDecay: 0.05 },
  { decoupled: 1, weightDecay: 0.05 },
]) {
  update(`Adam follows PyTorch's: decoupled ${decoupled}, weight decay ${weightDecay}`, () => {
    const length = 45;
    const [lr, beta1, beta2, eps] = [0.01, 0.9, 0.999, 1e-8];
    let w = gaussian(length, 2);
    let m: Float32Array = new Float32Array(length);
    let v: Float32Array = new Float32Array(length);
    const wanted = [...w];
    const average = wanted.map(() => 0);
    const square = wanted.map(() => 0);
    let [power1, power2] = [1, 1];
    for (let step = 0; step < 12; step++) {
      power1 *= beta1;
      power2 *= beta2;
      const g = gaussian(length, 30 + step).map((value) => value / 8);
      const corrections = { correction1: 1 - power1, correction2: 1 - power2 };
      const out = run(adam, { w, g, m, v }, { length, lr, beta1, beta2, eps, weightDecay, decoupled, ...corrections, gradientScale: 8 });
      for (let i = 0; i < length; i++) {
        let grad = 8 * g[i];
        if (decoupled !== 0) wanted[i] *= 1 - lr * weightDecay;
        else grad += weightDecay * wanted[i];
        average[i] = average[i] * beta1 + grad * (1 - beta1);
        square[i] = square[i] * beta2 + grad * grad * (1 - beta2);
        const denominator = Math.sqrt(square[i]) / Math.sqrt(corrections.correction2) + eps;
        wanted[i] -= ((lr / corrections.correction1) * average[i]) / denominator;
      }
      close(out["wOut"], wanted, 2e-6, `step ${step}`);
      close(out["mOut"], average, 1e-6, `mean, step ${step}`);
      close(out["vOut"], square, 1e-6, `square, step ${step}`);
      w = out["wOut"];
      m = out["mOut"];
      v = out["vOut"];
    }
  });
}

update("updates in place give the same bits", () => {
  const { floats, exports } = wasm;
  const at = (slot: number): number => 20000 + 500 * slot + 1;
  for (const length of [1, 6, 8, 133]) {
    const inputs = [gaussian(length, 1), gaussian(length, 2), gaussian(length, 3), gaussian(length, 4).map(Math.abs)];
    const [w, g, m, v] = inputs;
    const put = (): void => inputs.forEach((values, slot) => floats.set(values, at(slot)));
    const get = (slot: number): Float32Array => floats.slice(at(slot), at(slot) + length);
    const addresses = [0, 1, 2, 3].map((slot) => 4 * at(slot));

    const sgdNumbers = { length, lr: 0.1, momentum: 0.9, dampening: 0, weightDecay: 0.1, nesterov: 1, gradientScale: 1, first: 0 };
    const apart = run(sgd, { w, g, m }, sgdNumbers);
    put();
    exports["sgd_f32"](addresses[0], addresses[1], addresses[2], addresses[0], addresses[2], ...Object.values(sgdNumbers));
    assert.ok(sameBits(get(0), apart["wOut"]) && sameBits(get(2), apart["mOut"]), `sgd ${length}`);

    const adamNumbers = { length, lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, decoupled: 1 };
    const more = { correction1: 0.5, correction2: 0.2, gradientScale: 1 };
    const outputs = run(adam, { w, g, m, v }, { ...adamNumbers, ...more });
    put();
    exports["adam_f32"](...addresses, addresses[0], addresses[2], addresses[3], ...Object.values(adamNumbers), ...Object.values(more));
    assert.ok(sameBits(get(0), outputs["wOut"]), `adam ${length}`);
    assert.ok(sameBits(get(2), outputs["mOut"]) && sameBits(get(3), outputs["vOut"]), `adam state ${length}`);

    const { out } = run(ema, { average: m, w }, { length, decay: 0.9 });
    put();
    exports["ema_f32"](addresses[2], addresses[0], addresses[2], length, 0.9);
    assert.ok(sameBits(get(2), out), `ema ${length}`);
  }
});

update("an average that has reached its weight stays there", () => {
  const w = gaussian(100, 8);
  for (const decay of [0.9, 0.999, 0.9999, 0.12345]) {
    const { out } = run(ema, { average: w, w }, { length: 100, decay });
    assert.ok(sameBits(out, w), `decay ${decay}`);
  }
});

update("a zero gradient without decay leaves weights as they are", () => {
  const w = gaussian(37, 9);
  const zeros = new Float32Array(37);
  const numbers = { lr: 0.1, weightDecay: 0, gradientScale: 1, length: 37 };
  const first = run(sgd, { w, g: zeros, m: zeros }, { ...numbers, momentum: 0.9, dampening: 0, nesterov: 0, first: 1 });
  assert.ok(sameBits(first["wOut"], w));
  const corrections = { correction1: 0.1, correction2: 0.001 };
  const second = run(
    adam,
    { w, g: zeros, m: zeros, v: zeros },
    { ...numbers, beta1: 0.9, beta2: 0.999, eps: 1e-8, decoupled: 0, ...corrections },
  );
  assert.ok(sameBits(second["wOut"], w));
});

update.run();
