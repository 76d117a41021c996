// Runs kernels on a GPU through WebGPU. Results are near those of the CPU, never the same bits: sums have another order, and drivers
// may fuse and approximate. Values come back later (read()); there is no readSync.
import type { Kernel, Numbers, Role } from "../../kernels/kernel.ts";
import { bufferOf, type Backend, type Buffer, type MemoryUse, type Operands } from "../backend.ts";
import { findAdapter, openDevice, type AdapterChoice } from "./adapter.ts";
import { DeviceError } from "./device-error.ts";
import { copy, fill } from "./elementwise.ts";
import { Failures } from "./failures.ts";
import { targetOf, wantedFeatures, type FeatureChoice } from "./features.ts";
import { DeviceMemory, ownBuffer, USAGE, webgpuBuffer, type WebgpuBuffer } from "./memory.ts";
import { Recorder } from "./recorder.ts";
import type { Choice, GpuKernel, Source, Target, TileName } from "./source.ts";
import { kernelsOf } from "./table.ts";
import { tileNames } from "./tile.ts";
import { callKey, tuned, type Call, type Choices, type Stand, type TuneOptions, type Tuning } from "./tune.ts";

/** What a device is, as the driver tells it. */
export interface AdapterAbout {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** A driver that computes on the CPU: right, and slow. */
  readonly software: boolean;
}

export interface WebgpuBackend extends Backend {
  readonly device: GPUDevice;
  /** What its shaders are chosen for. */
  readonly target: Target;
  readonly about: AdapterAbout;
  /** Resolves when the device has done all that was asked for. Error: DeviceError. */
  done(): Promise<void>;
  /** Submits what was recorded; reads do so by themselves. */
  flush(): void;
  /** Gives the device the memory back that no tensor has. */
  release(): void;
  /** Dispatches, command buffers and sets of bindings so far; a step like the one before needs no new set. */
  counts(): { readonly dispatches: number; readonly submissions: number; readonly bindGroups: number };
  /**
   * Runs `work`, measures every matrix product, convolution and attention that it asked for in all ways that this device has, and takes
   * the fastest from then on: seconds, once for a model and a batch size. What was measured before is not measured again. Values stay within float32's rounding (and Winograd's, unless
   * `convolution` was given). Error: DeviceError, which leaves what was chosen before.
   */
  tune(work: () => unknown, options?: TuneOptions): Promise<Tuning>;
  /** What was tuned so far, as plain data: `createWebgpuBackend({ choices })` takes it instead of measuring again. */
  readonly choices: Choices;
  /** Destroys the device; the backend is of no use any more. */
  destroy(): void;
}

export interface WebgpuOptions extends AdapterChoice, FeatureChoice {
  /** The tile of matrix products throughout, for tests and measurements. By default their size decides; on software the smallest. */
  readonly tile?: TileName;
  /** Bytes of working memory of a kernel that can do its work in parts; 64 MiB by default. */
  readonly workspace?: number;
  /**
   * "winograd" transforms 3x3 convolutions by F(4x4, 3x3) where the CPU does: a quarter of the products and more memory traffic, with errors
   * about ten times as large. "direct" never does. By default none is transformed, until `tune` has seen where that is faster.
   */
  readonly convolution?: "direct" | "winograd";
  /** What `tune` found on this adapter before. */
  readonly choices?: Choices;
}

/** Most elements that one workgroup of `fill` and `copy` sees to. */
const THREADS = 256;

function aboutOf({ info }: GPUAdapter): AdapterAbout {
  const { vendor, architecture, description } = info;
  const fallback = "isFallbackAdapter" in info && info.isFallbackAdapter === true;
  return {
    vendor,
    architecture,
    description,
    software: fallback || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${architecture} ${description}`),
  };
}

function note(calls: Map<string, Call>, kernel: Kernel, numbers: Call["numbers"], buffers: Readonly<Record<string, unknown>>): void {
  const key = callKey(kernel, numbers);
  const known = calls.get(key);
  if (known) known.times++;
  else calls.set(key, { kernel, numbers: { ...numbers }, given: kernel.order.filter((name) => buffers[name] !== null), times: 1 });
}

/** What was chosen on a device, for a device like it. Error: a tile that there is not. */
function taken(choices: Choices, { shareable }: Target): Map<string, Choice> {
  const found = new Map<string, Choice>();
  for (const [key, choice] of Object.entries(choices)) {
    if (choice.tile !== undefined && !tileNames.includes(choice.tile))
      throw new Error(`createWebgpuBackend: choices have the tile ${choice.tile} for ${key}, wanted one of ${tileNames.join(", ")}`);
    // Of a device with other subgroups.
    if (choice.products === undefined || choice.products === shareable) found.set(key, choice);
  }
  return found;
}

function shaderOf({ name }: { readonly name: string }): GpuKernel {
  const { [name]: shader } = kernelsOf();
  if (shader === undefined) throw new Error(`${name}: no shader, wanted one in ts/backend/webgpu`);
  return shader;
}

/**
 * A backend over a GPU, for setBackend(), withBackend() or a DevicePool. Errors: DeviceError of kind `unavailable` where there is no
 * adapter, or none that has what the options need.
 */
export async function createWebgpuBackend(options: WebgpuOptions = {}): Promise<WebgpuBackend> {
  const adapter = await findAdapter(options);
  const device = await openDevice(adapter, wantedFeatures(adapter, options));
  const largest = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  const recorder = new Recorder(device);
  const about = aboutOf(adapter);
  // Large tiles take a software driver seconds to compile, and barriers are slow there.
  const tile = options.tile ?? (about.software ? (options.precision === "f16" ? "small" : "untiled") : undefined);
  const target: Target = {
    ...(await targetOf(adapter, device, options)),
    ...(tile !== undefined && { tile }),
    ...(options.workspace !== undefined && { workspace: options.workspace / 4 }),
    ...(options.convolution !== undefined && { winograd: options.convolution === "winograd" }),
  };
  const chosen = taken(options.choices ?? {}, target);
  /** Calls that need not be measured again. */
  const measured = new Set(chosen.keys());
  /** Calls that a program makes while it is looked at. */
  let calls: Map<string, Call> | null = null;
  const memory: DeviceMemory = new DeviceMemory(device, {
    refused: (bytes) => failures.outOfMemory(`${(bytes / 1048576).toFixed(1)} MiB more on the device were refused`),
    answered: () => failures.answered(),
  });
  // Commands on a buffer that was refused would be refused as well.
  const failures = new Failures(
    device,
    () => memory.asked,
    () => recorder.drop(),
  );
  const check = (): void => failures.check();
  const outputs = new Map<number, GPUBuffer[]>();
  const each = (source: Source, length: number, buffers: Readonly<Record<string, WebgpuBuffer>>, value = 0): void =>
    recorder.dispatch({ source, numbers: { length, value }, groups: Math.ceil(length / THREADS) }, buffers);
  const dispatch = (
    kernel: Kernel,
    buffers: Readonly<Record<string, WebgpuBuffer | null>>,
    numbers: Readonly<Record<string, number>>,
    wanted: Target,
  ): void => {
    const shader = shaderOf(kernel);
    const inFours = Object.values(buffers).every((buffer) => buffer === null || buffer.offset % 4 === 0);
    const own = inFours ? wanted : { ...wanted, fours: false };
    const scratch = shader.scratch?.(numbers, own) ?? 0;
    const block = scratch > 0 ? memory.take(4 * scratch) : null;
    const part = (offset: number): WebgpuBuffer | null => block && { block, offset, length: scratch - offset, freed: false, owned: false };
    for (const pass of shader.passes(numbers, own)) {
      const more = pass.parts
        ? Object.entries(pass.parts).map(([name, offset]) => [name, part(offset)] as const)
        : [["scratch", part(0)] as const];
      recorder.dispatch(pass, { ...buffers, ...Object.fromEntries(more) });
    }
    // Commands run in order: the next owner's come later.
    if (block !== null) memory.give(block);
  };
  const output = (bytes: number): GPUBuffer =>
    outputs.get(bytes)?.pop() ?? device.createBuffer({ size: bytes, usage: USAGE.mapRead | USAGE.copyTarget });

  const backend: WebgpuBackend = {
    name: "webgpu",
    elementBytes: 4,
    device,
    target,
    about,
    allocate(length: number): Buffer {
      check();
      if (4 * length > largest)
        throw new DeviceError(
          "out-of-memory",
          `a tensor of ${4 * length} bytes, wanted at most ${largest}, the device's limit for one buffer`,
        );
      const made: WebgpuBuffer = { block: memory.take(4 * length), offset: 0, length, freed: false, owned: true };
      return made;
    },
    free(buffer: Buffer): void {
      const own = ownBuffer(buffer);
      own.freed = true;
      if (own.owned) memory.give(own.block);
    },
    view(buffer: Buffer, offset: number, length: number): Buffer {
      const own = webgpuBuffer(buffer);
      if (offset < 0 || offset + length > own.length)
        throw new Error(`view: elements ${offset} to ${offset + length} of a buffer of ${own.length}, wanted inside`);
      const made: WebgpuBuffer = { block: own.block, offset: own.offset + offset, length, freed: false, owned: false };
      return made;
    },
    write(buffer: Buffer, from: ArrayLike<number>): void {
      check();
      const { block, offset, length } = webgpuBuffer(buffer);
      if (from.length > length) throw new Error(`write: ${from.length} values into ${length} elements, wanted at most as many`);
      // What was recorded before must see the values before.
      if (recorder.uses(block)) recorder.flush();
      const values = new Float32Array(from);
      device.queue.writeBuffer(block.gpu, 4 * offset, values);
    },
    fill(buffer: Buffer, value: number): void {
      check();
      each(fill, buffer.length, { y: webgpuBuffer(buffer) }, value);
    },
    copy(from: Buffer, to: Buffer): void {
      check();
      if (from.length > to.length) throw new Error(`copy: ${from.length} elements to ${to.length}, wanted at most as many`);
      each(copy, from.length, { x: webgpuBuffer(from), y: webgpuBuffer(to) });
    },
    async read(buffer: Buffer): Promise<Float32Array> {
      check();
      const own = webgpuBuffer(buffer);
      const bytes = 4 * own.length;
      let size = 256;
      while (size < bytes) size *= 2;
      const target = output(size);
      recorder.copyOut(own, target, bytes);
      recorder.flush();
      try {
        await target.mapAsync(1, 0, bytes); // GPUMapMode.READ
        await memory.settled();
      } catch (error) {
        // The reason is told a little later.
        await Promise.race([device.lost, device.queue.onSubmittedWorkDone()]).catch(() => undefined);
        check();
        throw new DeviceError("validation", `reading failed (${error instanceof Error ? error.message : String(error)}), wanted values`);
      }
      const values = new Float32Array(target.getMappedRange(0, bytes).slice(0));
      target.unmap();
      const list = outputs.get(size);
      if (list) list.push(target);
      else outputs.set(size, [target]);
      check();
      return values;
    },
    run<B extends Record<string, Role>, N extends readonly string[]>(kernel: Kernel<B, N>, given: Operands<B>, numbers: Numbers<N>): void {
      check();
      const wanted = kernel.lengths(numbers);
      const buffers: Record<string, WebgpuBuffer | null> = {};
      for (const key of kernel.order) {
        const buffer = bufferOf(kernel, key, given[key], wanted[key]);
        buffers[key] = buffer === null ? null : webgpuBuffer(buffer);
      }
      const plain = kernel as unknown as Kernel;
      const tunable = shaderOf(kernel).ways !== undefined;
      if (calls !== null && tunable) note(calls, plain, numbers, buffers);
      const choice = tunable && chosen.size > 0 ? chosen.get(callKey(plain, numbers)) : undefined;
      dispatch(plain, buffers, numbers, choice === undefined ? target : { ...target, ...choice });
    },
    memoryUse(): MemoryUse {
      return { buffers: memory.buffers, bytes: memory.bytes, peakBytes: memory.peakBytes };
    },
    flush(): void {
      recorder.flush();
    },
    release(): void {
      recorder.flush();
      recorder.forget();
      memory.release();
    },
    async done(): Promise<void> {
      recorder.flush();
      await Promise.all([device.queue.onSubmittedWorkDone(), memory.settled()]);
      check();
    },
    counts: () => ({ dispatches: recorder.dispatches, submissions: recorder.submissions, bindGroups: recorder.bindGroups }),
    async tune(work: () => unknown, tuneOptions: TuneOptions = {}): Promise<Tuning> {
      if (calls !== null) throw new Error("tune: one is under way on this backend, wanted one at a time");
      const seen = new Map<string, Call>();
      calls = seen;
      try {
        await work();
      } finally {
        calls = null;
      }
      await backend.done();
      const stand: Stand = {
        ...{ backend, device, target, shaderOf, flush: backend.flush, done: backend.done, now: () => performance.now() },
        dispatch: dispatch as Stand["dispatch"],
      };
      for (const key of measured) seen.delete(key);
      const found = await tuned(stand, seen.values(), tuneOptions);
      for (const { kernel, numbers, choice } of found.calls) {
        const key = callKey(kernel, numbers);
        measured.add(key);
        if (choice === null) chosen.delete(key);
        else chosen.set(key, choice);
      }
      backend.release();
      return found;
    },
    get choices(): Choices {
      return Object.fromEntries(chosen);
    },
    destroy(): void {
      device.destroy();
    },
  };
  return backend;
}
