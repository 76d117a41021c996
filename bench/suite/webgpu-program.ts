// What bench/webgpu.ts measures, in a process with the driver in its environment. Prints one line of JSON.
import { conv2d, conv2dInputGradient, conv2dWeightGradient, convColumns, convRows, type ConvSizes } from "../../ts/kernels/conv.ts";
import { gemmNn, gemmNt, gemmTn } from "../../ts/kernels/gemm.ts";
import { DevicePool, LocalPool, resnetV2, stream, vitTiny, type Pool, type Program, type RawBatch } from "../../ts/node.ts";
import { conv2dWinograd, conv2dWinogradInputGradient, conv2dWinogradWeightGradient } from "../../ts/kernels/winograd.ts";
import { createWebgpuBackend, DeviceError, type WebgpuBackend, type WebgpuOptions } from "../../ts/webgpu.ts";
import { nullGpu, testGpu } from "../../test/webgpu/driver.ts";
import type { Unit } from "./rows.ts";

export interface GpuJob {
  readonly rounds: number;
  readonly filter: readonly string[];
  readonly quick: boolean;
}

export interface Found {
  readonly adapter: string;
  readonly software: boolean;
  /** GFLOP/s of multiply-adds in registers. */
  readonly peak: number;
  readonly rows: readonly {
    readonly name: string;
    readonly unit: Unit;
    readonly values: readonly number[];
    readonly share: number | null;
  }[];
  /** Variants that the adapter has not. */
  readonly left: readonly string[];
}

const { rounds, filter, quick } = JSON.parse(process.argv[2]) as GpuJob;
const gpu = await testGpu();
const backend = await createWebgpuBackend({ gpu });
const { software, vendor, architecture, description } = backend.about;
const rows: Found["rows"][number][] = [];
const left: string[] = [];

const isWanted = (name: string): boolean => filter.length === 0 || filter.some((part) => `webgpu_${name}`.includes(part));

type Done = Pick<WebgpuBackend, "done">;

/** Milliseconds of one call, from as many in a row as take long enough to be told. */
async function timed({ done }: Done, call: () => void): Promise<number> {
  const least = software ? 20 : 100;
  for (let calls = 1; ; calls *= 4) {
    const begin = performance.now();
    for (let index = 0; index < calls; index++) call();
    await done();
    const ms = performance.now() - begin;
    if (ms >= least) return ms / calls;
  }
}

async function series(on: Done, call: () => void): Promise<number[]> {
  call();
  await on.done();
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) found.push(await timed(on, call));
  return found;
}

/** GFLOP/s of four chains of vector multiply-adds an invocation. */
async function measurePeak({ device, done }: WebgpuBackend): Promise<number> {
  const [groups, steps] = software ? [16, 64] : [8192, 512];
  const module = device.createShaderModule({
    code: `
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let x = vec4<f32>(f32(id.x % 7u) * 1e-3);
  var a = x; var b = x + 1.0; var c = x + 2.0; var d = x + 3.0;
  for (var k = 0u; k < ${steps}u; k++) { a = fma(a, x, b); b = fma(b, x, c); c = fma(c, x, d); d = fma(d, x, a); }
  y[id.x % 256u] = dot(a + b, c + d);
}`,
  });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
  const buffer = device.createBuffer({ size: 1024, usage: 128 });
  const bindings = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] });
  const run = (): void => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindings);
    pass.dispatchWorkgroups(groups);
    pass.end();
    device.queue.submit([encoder.finish()]);
  };
  run();
  await done();
  const times: number[] = [];
  for (let round = 0; round < Math.max(3, rounds); round++) times.push(await timed(backend, run));
  return (groups * 256 * steps * 4 * 8) / Math.min(...times) / 1e6;
}

const peak = await measurePeak(backend);

/** Ends the names of rows that tune() was asked about first. */
const TUNED = "_tuned";

async function flops(on: WebgpuBackend, name: string, operations: number, call: () => void): Promise<void> {
  if (name.endsWith(TUNED)) await on.tune(call);
  const values = (await series(on, call)).map((ms) => operations / ms / 1e6);
  rows.push({ name, unit: "GFLOP/s", values, share: Math.max(...values) / peak });
}

/** `suffix` tells variants apart; the others are found by `backend`. */
async function measureProducts(on: WebgpuBackend, suffix = ""): Promise<void> {
  for (const size of software ? [128] : [512, 1024, 2048, 4096])
    for (const [form, kernel] of [
      ["nn", gemmNn],
      ["nt", gemmNt],
      ["tn", gemmTn],
    ] as const) {
      const name = `gemm_${form}_${size}${suffix}`;
      if (!isWanted(name)) continue;
      const [a, b, c] = [1, 2, 3].map(() => on.allocate(size * size));
      on.fill(a, 1);
      on.fill(b, 0.5);
      await flops(on, name, 2 * size ** 3, () => on.run(kernel, { a, b, bias: null, c }, { m: size, n: size, k: size }));
      for (const buffer of [a, b, c]) on.free(buffer);
    }
}

type Buffers = Readonly<Record<"x" | "y" | "filter_", ReturnType<WebgpuBackend["allocate"]>>>;
type Convolutions = Readonly<Record<string, (on: WebgpuBackend, buffers: Buffers, sizes: ConvSizes) => void>>;

const LAYERS = [
  { h: 32, c: 16, k: 16, stride: 1 },
  { h: 32, c: 64, k: 64, stride: 1 },
  { h: 16, c: 128, k: 256, stride: 2 },
  { h: 8, c: 256, k: 256, stride: 1 },
] as const;

const direct: Convolutions = {
  forward: (on, { x, filter_, y }, sizes) => on.run(conv2d, { x, filter: filter_, bias: null, y }, sizes),
  input_gradient: (on, { x, filter_, y }, sizes) => on.run(conv2dInputGradient, { dy: y, filter: filter_, dx: x }, sizes),
  weight_gradient: (on, { x, filter_, y }, sizes) => on.run(conv2dWeightGradient, { x, dy: y, dfilter: filter_ }, sizes),
};

const transformed: Convolutions = {
  forward: (on, { x, filter_, y }, sizes) => on.run(conv2dWinograd, { x, filter: filter_, bias: null, y }, sizes),
  input_gradient: (on, { x, filter_, y }, sizes) => on.run(conv2dWinogradInputGradient, { dy: y, filter: filter_, dx: x }, sizes),
  weight_gradient: (on, { x, filter_, y }, sizes) => on.run(conv2dWinogradWeightGradient, { x, dy: y, dfilter: filter_ }, sizes),
};

async function measureConvolutions(on: WebgpuBackend, convolutions = direct, suffix = ""): Promise<void> {
  const n = software ? 2 : 128;
  for (const { h, c, k, stride } of software ? LAYERS.slice(0, 1) : LAYERS) {
    // Winograd's sizes.
    if (convolutions === transformed && stride !== 1) continue;
    const sizes: ConvSizes = {
      ...{ n, h, w: h, c, k, r: 3, s: 3, strideH: stride, strideW: stride },
      ...{ padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 },
    };
    const pixels = n * convRows(sizes) * convColumns(sizes);
    const [x, y, filter_] = [n * h * h * c, pixels * k, 9 * c * k].map((length) => on.allocate(length));
    for (const buffer of [x, y, filter_]) on.fill(buffer, 0.5);
    const label = `n${n}_${h}x${h}_${c}_${k}${stride === 1 ? "" : "_s2"}${suffix}`;
    // What a direct convolution takes, so that rows of a layer compare by time.
    const operations = 2 * pixels * 9 * c * k;
    for (const [pass, call] of Object.entries(convolutions)) {
      const name = `conv_${pass}_${label}`;
      if (isWanted(name)) await flops(on, name, operations, () => call(on, { x, y, filter_ }, sizes));
    }
    for (const buffer of [x, y, filter_]) on.free(buffer);
  }
}

/** The same products and convolutions in variants that are not the default; those that the adapter has not are passed over. */
async function measureVariants(): Promise<void> {
  const variants: readonly (readonly [suffix: string, options: WebgpuOptions, convolutions: Convolutions])[] = [
    ["_f16", { precision: "f16" }, direct],
    ["_subgroups", { subgroups: "products" }, direct],
    ["_winograd", { convolution: "winograd" }, transformed],
    [TUNED, {}, direct],
    [`_winograd${TUNED}`, {}, transformed],
  ];
  for (const [suffix, options, convolutions] of variants) {
    let on: WebgpuBackend;
    try {
      on = await createWebgpuBackend({ gpu, ...options });
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      left.push(error.message);
      continue;
    }
    if (convolutions === direct) await measureProducts(on, suffix);
    await measureConvolutions(on, convolutions, suffix);
    on.destroy();
  }
}

const nets: Readonly<Record<string, Program>> = {
  resnet20: { createModel: () => resnetV2({ depth: 20, seed: 1 }) },
  resnet_v2_18: { createModel: () => resnetV2({ depth: 18, seed: 1 }) },
  vit_d192_l6_p4: { createModel: () => vitTiny({ depth: 6, seed: 1 }) },
};

function batchOf(size: number): RawBatch {
  const images = stream(1, "bench").fillNormal(new Float32Array(size * 3072)) as Float32Array;
  return { images, labels: Array.from({ length: size }, (_, index) => index % 10), size, shape: [size, 32, 32, 3], epoch: 0, step: 0 };
}

/** Steps after tune() was asked about one of them. */
async function tunedRate(program: Program, batch: RawBatch, steps: number): Promise<number[]> {
  const on = await createWebgpuBackend({ gpu });
  const pool = new DevicePool(program, on, { readEvery: steps });
  await on.tune(() => pool.rehearse(batch));
  const found = await rate(pool, batch, steps);
  on.destroy();
  return found;
}

async function rate(pool: Pool, batch: RawBatch, steps: number): Promise<number[]> {
  const go = async (): Promise<void> => {
    for (let step = 0; step < steps; step++) await pool.step(batch, { lr: 0.01 });
  };
  await go();
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    await go();
    found.push((1000 * steps * batch.size) / (performance.now() - begin));
  }
  await pool.close();
  return found;
}

async function measureTraining(): Promise<void> {
  for (const [net, program] of Object.entries(nets)) {
    if (software && net !== "resnet20") continue;
    for (const size of software ? [4] : [128, 512]) {
      const name = `train_${net}_b${size}`;
      if (!isWanted(name)) continue;
      // As many steps as from one read to the next, so that what is timed was done.
      const steps = software ? 1 : 10;
      const values = await rate(new DevicePool(program, backend, { readEvery: steps }), batchOf(size), steps);
      rows.push({ name, unit: "images/s", values, share: null });
      if (!quick)
        rows.push({ name: `${name}${TUNED}`, unit: "images/s", values: await tunedRate(program, batchOf(size), steps), share: null });
      if (size > 128 || (quick && !software)) continue;
      rows.push({ name: `${name}_cpu`, unit: "images/s", values: await rate(new LocalPool(program), batchOf(size), 1), share: null });
    }
  }
}

/** CPU milliseconds of recording a step, by a driver that computes nothing: what a GPU waits for where it is fast. */
async function measureRecording(): Promise<void> {
  const deep: Readonly<Record<string, Program>> = { ...nets, resnet110: { createModel: () => resnetV2({ depth: 110, seed: 1 }) } };
  for (const [net, program] of Object.entries(deep)) {
    const name = `record_${net}`;
    if (!isWanted(name)) continue;
    const on = await createWebgpuBackend({ gpu: await nullGpu(), subgroups: "none" });
    const pool = new DevicePool(program, on, { readEvery: 1000 });
    const values: number[] = [];
    for (let step = 0; step < 3 + 5 * rounds; step++) {
      const begin = process.cpuUsage();
      // What is read of the first step is no number.
      await pool.step(batchOf(4), { lr: 0.01, onNonFinite: "skip" });
      const { user, system } = process.cpuUsage(begin);
      if (step >= 3) values.push((user + system) / 1000);
    }
    await pool.close();
    on.destroy();
    rows.push({ name, unit: "ms", values, share: null });
  }
}

await measureProducts(backend);
await measureConvolutions(backend);
await measureVariants();
await measureTraining();
await measureRecording();
const found: Found = { adapter: [vendor, architecture, description].filter((text) => text !== "").join(", "), software, peak, rows, left };
backend.destroy();
console.log(JSON.stringify(found));
// The null driver keeps the process alive.
process.exit(0);
