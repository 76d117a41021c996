// Runs kernels on a GPU against their float64 definitions and prints a line of JSON for each: its name, and what was wrong. Arguments:
// families; before them --tile=<name> for the tile that products are to take (on few samples, on all with --samples=all), --precision=f16, --subgroups=<where>, --convolution=winograd,
// --workspace=<bytes>. Guard words lie around every buffer; once all buffers are parts of one, as views of a tensor are.
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import { kernelsOf } from "../../ts/backend/webgpu/table.ts";
import { createWebgpuBackend, DeviceError, type WebgpuBackend, type WebgpuOptions } from "../../ts/webgpu.ts";
import { loadFamily, makeInputs, type Sizes } from "../kernels/harness.ts";
import { testGpu } from "./driver.ts";

/**
 * Allowed error beside the kernel's own: GPUs fuse, approximate division and exp, and sum in float32 throughout. In half precision operands
 * are rounded to 11 bits: errors of a sum are those of its terms, relative to the largest value; attention has products of products.
 */
function toleranceOf(kernel: DefinedKernel, numbers: Sizes, half: boolean): number {
  if (half) return (kernel.name.startsWith("attention") ? 16 : 4) * 2 ** -11;
  const own = kernel.tolerance?.(numbers) ?? 4e-7 * Math.sqrt(kernel.terms?.(numbers) ?? 1);
  return own === 0 ? 0 : Math.max(4e-6, 4 * own);
}

/** Beside the kernels' own samples: sizes in fours with all edges of a tile, and a sum that is cut. */
const square = { r: 3, s: 3, strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 };
const more: Readonly<Record<string, readonly Sizes[]>> = {
  gemm: [
    { m: 84, n: 52, k: 516 },
    { m: 132, n: 36, k: 20 },
  ],
  conv: [
    { ...square, n: 6, h: 11, w: 10, c: 12, k: 20 },
    { ...square, n: 2, h: 9, w: 8, c: 8, k: 36, strideH: 2, strideW: 2 },
  ],
};

const GAP = 8;
const GUARD = 12345.678;

interface Case {
  readonly apart: boolean;
  readonly withOptional: boolean;
  /** Views begin at multiples of four elements, which some shaders then read at once. */
  readonly inFours?: boolean;
}

function expected(kernel: DefinedKernel, inputs: Readonly<Record<string, Float32Array>>, numbers: Sizes, { withOptional }: Case) {
  const lengths = kernel.lengths(numbers);
  const buffers: Record<string, Float64Array | null> = {};
  for (const name of kernel.order) {
    const absent = kernel.buffers[name].endsWith("?") && !withOptional;
    buffers[name] = absent ? null : Float64Array.from(inputs[name] ?? new Float64Array(lengths[name]).fill(NaN));
  }
  kernel.define(buffers as Parameters<DefinedKernel["define"]>[0], numbers);
  return buffers;
}

/** Largest error of a kernel's samples, relative to the largest value. */
let worst = 0;

async function check(backend: WebgpuBackend, kernel: DefinedKernel, numbers: Sizes, seed: number, given: Case): Promise<string | null> {
  const lengths = kernel.lengths(numbers);
  const inputs = makeInputs(kernel, numbers, seed);
  const names = kernel.order.filter((name) => given.withOptional || !kernel.buffers[name].endsWith("?"));
  // Where each buffer begins: odd places, so that nothing is aligned by chance.
  const at = new Map<string, number>();
  const odd = given.inFours ? 0 : 1;
  let end = GAP;
  for (const name of names) {
    at.set(name, given.apart ? GAP + odd : end + odd);
    end += lengths[name] + 1 + GAP;
  }
  const image = new Float32Array(end).fill(GUARD);
  for (const name of names) image.set(inputs[name] ?? new Float32Array(lengths[name]).fill(NaN), given.apart ? 0 : at.get(name)!);
  const owners = given.apart
    ? names.map((name) => {
        const owner = backend.allocate(lengths[name] + 2 * GAP + 1);
        const own = new Float32Array(lengths[name] + 2 * GAP + 1).fill(GUARD);
        own.set(inputs[name] ?? new Float32Array(lengths[name]).fill(NaN), GAP + odd);
        backend.write(owner, own);
        return owner;
      })
    : [backend.allocate(end)];
  if (!given.apart) backend.write(owners[0], image);
  const operands = Object.fromEntries(
    kernel.order.map((name) => {
      const index = names.indexOf(name);
      return [name, index < 0 ? null : backend.view(owners[given.apart ? index : 0], at.get(name)!, lengths[name])];
    }),
  );
  backend.run(kernel, operands as Parameters<typeof backend.run<typeof kernel.buffers, typeof kernel.numbers>>[1], numbers);
  const contents = await Promise.all(owners.map((owner) => backend.read(owner)));
  for (const owner of owners) backend.free(owner);
  const wanted = expected(kernel, inputs, numbers, given);
  const tolerance = toleranceOf(kernel, numbers, backend.target.half === true);
  const guard = Math.fround(GUARD);
  let untouched = 0;
  for (const [index, name] of names.entries()) {
    const from = at.get(name)!;
    const all = contents[given.apart ? index : 0];
    const values = all.subarray(from, from + lengths[name]);
    if (kernel.buffers[name].startsWith("in") && kernel.buffers[name] !== "inout") {
      if (!values.every((value, i) => Object.is(value, inputs[name][i]))) return `${name} is an input and was changed`;
    } else {
      const right = wanted[name]!;
      let scale = 0;
      for (const value of right) if (Number.isFinite(Math.fround(value))) scale = Math.max(scale, Math.abs(value));
      for (let i = 0; i < lengths[name]; i++) {
        const finite = Number.isFinite(Math.fround(right[i]));
        if (finite && scale > 0) worst = Math.max(worst, Math.abs(values[i] - right[i]) / scale);
        if (finite ? Math.abs(values[i] - right[i]) <= tolerance * scale + 2 ** -126 : Object.is(values[i], Math.fround(right[i])))
          continue;
        return `${name}[${i}] is ${values[i]}, wanted ${right[i]} within ${tolerance} of ${scale}`;
      }
    }
    if (given.apart) untouched += all.filter((value) => value === guard).length - 2 * GAP - 1;
  }
  if (!given.apart)
    untouched = contents[0].filter((value) => value === guard).length - (end - names.reduce((sum, name) => sum + lengths[name], 0));
  return untouched === 0 ? null : "wrote outside of its buffers";
}

const inFours: Case = { apart: true, withOptional: true, inFours: true };

/** Whether shaders for these numbers read four elements at once, where they lie so. */
function readsFours({ target }: WebgpuBackend, { name }: DefinedKernel, numbers: Sizes): boolean {
  const { [name]: shader } = kernelsOf();
  return shader.passes(numbers, target).some(({ source }) => source.fours);
}

async function examine(backend: WebgpuBackend, kernel: DefinedKernel): Promise<string | null> {
  const hasOptional = kernel.order.some((name) => kernel.buffers[name].endsWith("?"));
  const cases: Case[] = [
    { apart: true, withOptional: true },
    // Another shader, which takes time to compile: a third of the samples.
    { apart: false, withOptional: !hasOptional },
  ];
  const casesOf = (index: number, fours: boolean): Case[] => [...cases.slice(0, index % 3 === 0 ? 2 : 1), ...(fours ? [inFours] : [])];
  // All at once: the device has the commands of many samples before the first is read.
  const found = await Promise.all(
    kernel.samples.flatMap((numbers, index) =>
      casesOf(index, readsFours(backend, kernel, numbers)).map(async (given) => {
        const wrong = await check(backend, kernel, numbers, index + 1, given);
        return wrong === null ? null : `${JSON.stringify(numbers)} ${JSON.stringify(given)}: ${wrong}`;
      }),
    ),
  );
  return found.find((wrong) => wrong !== null) ?? null;
}

async function report(backend: WebgpuBackend, kernel: DefinedKernel, name = kernel.name): Promise<void> {
  const begin = performance.now();
  worst = 0;
  const wrong = await examine(backend, kernel).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  const milliseconds = Math.round(performance.now() - begin);
  const fours = kernel.samples.filter((numbers) => readsFours(backend, kernel, numbers)).length;
  console.log(JSON.stringify({ kernel: name, samples: kernel.samples.length, fours, wrong, worst, milliseconds }));
}

/** Products by a given tile, each on a sample that has all edges. */
async function checkTile(backend: WebgpuBackend, only: readonly string[]): Promise<void> {
  for (const family of only)
    for (const kernel of (await loadFamily(family)) ?? []) {
      const samples = [
        ...(family === "gemm" ? kernel.samples.slice(-1) : kernel.samples.slice(4, 5)),
        ...(more[family]?.slice(0, 1) ?? []),
      ];
      await report(backend, { ...kernel, samples }, `${kernel.name} by ${backend.target.tile} tiles`);
    }
}

const given = process.argv.slice(2);
const settings = Object.fromEntries(given.filter((word) => word.startsWith("--")).map((word) => word.slice(2).split("="))) as Partial<
  Pick<WebgpuOptions, "tile" | "precision" | "subgroups" | "convolution"> & { readonly samples: "all" }
>;
const wanted = given.filter((word) => !word.startsWith("--"));
const gpu = await testGpu();
const backend = await createWebgpuBackend({ gpu, ...settings }).catch((error: unknown) => {
  if (!(error instanceof DeviceError)) throw error;
  console.log(JSON.stringify({ unavailable: error.message }));
  process.exit(0);
});
if (settings.tile !== undefined && settings.samples !== "all") await checkTile(backend, wanted);
else
  for (const family of wanted)
    for (const kernel of (await loadFamily(family)) ?? [])
      await report(backend, { ...kernel, samples: [...kernel.samples, ...(more[family] ?? [])] });
backend.destroy();
