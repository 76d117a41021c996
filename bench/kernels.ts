// Speed of matrix products and convolutions, one thread: node --import tsx bench/kernels.ts [wasm file] [name filter].
// GFLOP/s of the median call; the first row is the ceiling of multiply-adds on four lanes, measured in registers.

import { readFileSync } from "node:fs";
import { Bench } from "tinybench";
import type { ConvSizes } from "../ts/kernels/conv.ts";
import { conv2d, conv2dInputGradient, conv2dWeightGradient, convColumns, convRows } from "../ts/kernels/conv.ts";
import { gemmNn, gemmNt, gemmTn } from "../ts/kernels/gemm.ts";

interface Task {
  readonly name: string;
  readonly operations: number;
  readonly run: () => void;
}

/** What the bench needs to know of a kernel. */
interface Callable<S> {
  readonly name: string;
  readonly order: readonly string[];
  readonly numbers: readonly string[];
  readonly lengths: (sizes: S) => Readonly<Record<string, number>>;
  readonly scratch?: (sizes: S) => number;
}

const file = process.argv[2] ?? "build/strict.wasm";
const filter = process.argv[3] ?? "";
const memory = new WebAssembly.Memory({ initial: 2048, maximum: 65536, shared: true });
const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env: { memory, abort: () => undefined } });
const exports = instance.exports as Record<string, (...parameters: number[]) => void>;
const floats = new Float32Array(memory.buffer);

/** A call on buffers of its own sizes; all calls share the memory from the second 64 KiB on. */
function prepare<S extends Readonly<Record<string, number>>>(kernel: Callable<S>, sizes: S): () => void {
  const lengths = kernel.lengths(sizes);
  let next = 16384;
  const place = (length: number): number => {
    const at = next;
    next += Math.ceil(length / 16) * 16 + 16;
    if (next > floats.length) throw new Error(`${kernel.name}: wants ${next} words, there are ${floats.length}`);
    return at * 4;
  };
  const parameters = kernel.order.map((name) => place(lengths[name]));
  if (kernel.scratch !== undefined) parameters.push(place(kernel.scratch(sizes)));
  parameters.push(...kernel.numbers.map((name) => sizes[name]));
  const run = exports[kernel.name];
  return () => run(...parameters);
}

function gemmTasks(m: number, n: number, k: number): Task[] {
  return [gemmNn, gemmTn, gemmNt].map((kernel) => ({
    name: `${kernel.name.slice(0, 7)} ${m}x${n}x${k}`,
    operations: 2 * m * n * k,
    run: prepare(kernel, { m, n, k }),
  }));
}

const unit = { r: 3, s: 3, strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 };

function convTasks(label: string, sizes: ConvSizes): Task[] {
  const operations = (2 * sizes.n * convRows(sizes) * convColumns(sizes) * sizes.k * sizes.r * sizes.s * sizes.c) / sizes.groups;
  return [
    { name: `conv ${label} forward`, operations, run: prepare(conv2d, sizes) },
    { name: `conv ${label} input gradient`, operations, run: prepare(conv2dInputGradient, sizes) },
    { name: `conv ${label} weight gradient`, operations, run: prepare(conv2dWeightGradient, sizes) },
  ];
}

const one = { r: 1, s: 1, padH: 0, padW: 0 };
const half = { strideH: 2, strideW: 2 };

const tasks: Task[] = [
  { name: "ceiling", operations: 96 * 1e5, run: () => exports["calibrate_f32"](65536, 1e5) },
  ...gemmTasks(64, 64, 64),
  ...gemmTasks(256, 256, 256),
  ...gemmTasks(512, 512, 512),
  ...gemmTasks(1024, 1024, 1024),
  ...gemmTasks(384, 1536, 384),
  ...gemmTasks(128, 10, 64),
  ...gemmTasks(1, 512, 512),
  ...convTasks("3x3 16>16 32x32 b32", { ...unit, n: 32, h: 32, w: 32, c: 16, k: 16 }),
  ...convTasks("3x3 32>32 16x16 b32", { ...unit, n: 32, h: 16, w: 16, c: 32, k: 32 }),
  ...convTasks("3x3 64>64 8x8 b32", { ...unit, n: 32, h: 8, w: 8, c: 64, k: 64 }),
  ...convTasks("3x3 64>64 56x56 b4", { ...unit, n: 4, h: 56, w: 56, c: 64, k: 64 }),
  ...convTasks("3x3 512>512 4x4 b8", { ...unit, n: 8, h: 4, w: 4, c: 512, k: 512 }),
  ...convTasks("3x3/2 16>32 32x32 b32", { ...unit, ...half, n: 32, h: 32, w: 32, c: 16, k: 32 }),
  ...convTasks("1x1/2 16>32 32x32 b32", { ...unit, ...one, ...half, n: 32, h: 32, w: 32, c: 16, k: 32 }),
  ...convTasks("1x1 64>256 8x8 b32", { ...unit, ...one, n: 32, h: 8, w: 8, c: 64, k: 256 }),
  ...convTasks("3x3 3>16 32x32 b32", { ...unit, n: 32, h: 32, w: 32, c: 3, k: 16 }),
  ...convTasks("7x7/2 3>64 64x64 b4", { ...unit, ...half, n: 4, h: 64, w: 64, c: 3, k: 64, r: 7, s: 7, padH: 3, padW: 3 }),
  ...convTasks("3x3 depthwise 64 16x16 b32", { ...unit, n: 32, h: 16, w: 16, c: 64, k: 64, groups: 64 }),
];

const normal = (index: number): number => ((index * 2654435761) % 1000) / 500 - 1;
for (let i = 16384; i < floats.length; i++) floats[i] = normal(i);
floats.set([1, 1, 1, 1, 0, 0, 0, 0], 16384);

const bench = new Bench({ time: 150, warmupTime: 60, iterations: 7, warmupIterations: 3 });
const chosen = tasks.filter((task) => task.name.includes(filter));
for (const task of chosen) bench.add(task.name, task.run);
await bench.run();

console.log(`${file}, Node ${process.versions.node}\n\n| kernel | median ms | GFLOP/s | best GFLOP/s |\n|---|---|---|---|`);
for (const [index, task] of chosen.entries()) {
  const result = bench.tasks[index].result;
  if (!("latency" in result)) throw new Error(`${task.name}: no result`);
  const { p50, min } = result.latency;
  const speed = (ms: number): string => (task.operations / ms / 1e6).toFixed(1);
  console.log(`| ${task.name} | ${p50.toFixed(3)} | ${speed(p50)} | ${speed(min)} |`);
}
