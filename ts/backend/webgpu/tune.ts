// Finds by measuring how products run fastest on a device: every call that a program made is timed in the ways that its kernel has, and
// compared with what the kernel does by itself.
import type { Kernel } from "../../kernels/kernel.ts";
import type { Backend, Buffer } from "../backend.ts";
import { DeviceError } from "./device-error.ts";
import type { Choice, GpuKernel, Target } from "./source.ts";

/** What was chosen for each call, by its kernel and numbers. */
export type Choices = Readonly<Record<string, Choice>>;

/** A call of a kernel, whatever its values. */
export interface Call {
  readonly kernel: Kernel;
  readonly numbers: Readonly<Record<string, number>>;
  /** Buffers that are there. */
  readonly given: readonly string[];
  /** How often it was made. */
  times: number;
}

export interface TunedCall extends Omit<Call, "given" | "times"> {
  readonly times: number;
  /** Milliseconds of one call as the kernel does it by itself. */
  readonly before: number;
  /** Milliseconds of one call in the way that was chosen. */
  readonly after: number;
  /** Null where nothing was faster. */
  readonly choice: Choice | null;
}

/** What `tune` found. */
export interface Tuning {
  readonly calls: readonly TunedCall[];
  /** For `createWebgpuBackend({ choices })` on the same adapter; plain data. */
  readonly choices: Choices;
  /** Milliseconds of all these calls before over those after. */
  readonly gain: number;
}

export interface TuneOptions {
  /** Told before each call is measured. */
  readonly onCall?: (index: number, count: number) => void;
  /** Ends the measurements; what was found until then is kept. */
  readonly signal?: AbortSignal;
}

/** Names a call. */
export const callKey = ({ name, numbers: names }: Kernel, numbers: Readonly<Record<string, number>>): string =>
  `${name} ${names.map((key) => numbers[key]).join(" ")}`;

/** A device to measure on. */
export interface Stand {
  readonly backend: Backend;
  readonly device: GPUDevice;
  readonly target: Target;
  readonly shaderOf: (kernel: Kernel) => GpuKernel;
  readonly dispatch: (kernel: Kernel, buffers: Readonly<Record<string, Buffer | null>>, numbers: Call["numbers"], target: Target) => void;
  readonly flush: () => void;
  readonly done: () => Promise<void>;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Milliseconds that a measurement takes at least. */
const LEAST = 8;
/** A way that takes so many times as long as the best one is not measured again. */
const FAR = 1.3;
/** Measurements of each way that is near the best one, the fastest of which counts. */
const ROUNDS = 5;
/** What a way has to be faster by. */
const MARGIN = 0.97;
/** Difference between two ways, relative to the largest value, that orders of sums explain. */
const TOLERANCE = 2e-3;

/** Values that repeat nowhere near and are not zeros, which some devices compute faster with. */
function pattern(length: number): Float32Array {
  const values = new Float32Array(length);
  for (let index = 0; index < length; index++) values[index] = (Math.imul(index + 1, 0x9e3779b1) >> 8) / 2 ** 23;
  return values;
}

interface Way {
  readonly choice: Choice;
  readonly run: () => void;
  /** Calls that one measurement has. */
  count: number;
  ms: number;
}

async function timed({ done, now }: Stand, { run, count }: Way): Promise<number> {
  const begin = now();
  for (let index = 0; index < count; index++) run();
  await done();
  return now() - begin;
}

/** Runs a way for the first time; the values of its first result, null where the device refuses a command of it. */
async function tried({ device, backend, flush }: Stand, { run }: Way, result: Buffer): Promise<ArrayLike<number> | null> {
  backend.fill(result, NaN);
  flush();
  const kinds = ["validation", "internal"] as const;
  for (const kind of kinds) device.pushErrorScope(kind);
  run();
  flush();
  const errors = await Promise.all(kinds.map(() => device.popErrorScope()));
  return errors.some((error) => error !== null) ? null : backend.read(result);
}

function agree(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  let largest = 0;
  let apart = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = Math.abs(a[index] - b[index]);
    if (Number.isNaN(difference)) return false;
    if (difference > apart) apart = difference;
    if (Math.abs(a[index]) > largest) largest = Math.abs(a[index]);
  }
  return apart <= TOLERANCE * largest;
}

/** Measures one way until it takes long enough to be told. */
async function begin(stand: Stand, way: Way): Promise<void> {
  for (;;) {
    const ms = await timed(stand, way);
    way.ms = ms / way.count;
    if (ms >= LEAST) return;
    way.count *= Math.min(16, Math.max(2, Math.ceil((1.5 * LEAST) / Math.max(ms, 0.01))));
  }
}

async function fastest(stand: Stand, ways: readonly Way[]): Promise<Way> {
  for (const way of ways) await begin(stand, way);
  const least = (): number => Math.min(...ways.map(({ ms }) => ms));
  const near = ways.filter(({ ms }, index) => index === 0 || ms <= FAR * least());
  // In turn, so that what else the device does hits all of them.
  for (let round = 1; round < ROUNDS && near.length > 1; round++)
    for (const way of near) way.ms = Math.min(way.ms, (await timed(stand, way)) / way.count);
  const [own] = ways;
  const best = near.reduce((a, b) => (b.ms < a.ms ? b : a));
  return best.ms < MARGIN * own.ms ? best : own;
}

async function measured(stand: Stand, call: Call): Promise<TunedCall> {
  const { backend, target, dispatch } = stand;
  const { kernel, numbers, given, times } = call;
  const lengths = kernel.lengths(numbers) as Readonly<Record<string, number>>;
  const buffers: Record<string, Buffer | null> = {};
  try {
    for (const name of kernel.order) buffers[name] = given.includes(name) ? backend.allocate(lengths[name]) : null;
    for (const name of given) backend.write(buffers[name]!, pattern(lengths[name]));
    const ways = [{}, ...stand.shaderOf(kernel).ways!(numbers, target)].map((choice): Way => {
      const own = { ...target, ...choice };
      return { choice, run: () => dispatch(kernel, buffers, numbers, own), count: 1, ms: Infinity };
    });
    const result = buffers[given.find((name) => kernel.buffers[name].startsWith("out"))!]!;
    const [own, ...others] = ways;
    const wanted = await tried(stand, own, result);
    if (wanted === null) throw new Error(`tune: the device refuses ${callKey(kernel, numbers)}, which it was asked for before`);
    const right = [own];
    for (const way of others) {
      const values = await tried(stand, way, result);
      // A driver that compiles a way wrongly, or not at all, goes without it.
      if (values !== null && agree(wanted, values)) right.push(way);
    }
    const best = await fastest(stand, right);
    return { kernel, numbers, times, before: own.ms, after: best.ms, choice: best === own ? null : best.choice };
  } finally {
    for (const buffer of Object.values(buffers)) if (buffer !== null) backend.free(buffer);
  }
}

/** Measures calls, the most frequent ones first. */
export async function tuned(stand: Stand, calls: Iterable<Call>, { onCall, signal }: TuneOptions): Promise<Tuning> {
  const all = [...calls].sort((a, b) => b.times - a.times);
  const found: TunedCall[] = [];
  for (const [index, call] of all.entries()) {
    if (signal?.aborted) break;
    onCall?.(index, all.length);
    try {
      found.push(await measured(stand, call));
    } catch (error) {
      // Beside what the program holds there is no room for this one: it stays as it is.
      if (!(error instanceof DeviceError) || error.kind !== "out-of-memory") throw error;
    }
  }
  const sum = (of: (call: TunedCall) => number): number => found.reduce((total, call) => total + call.times * of(call), 0);
  const choices = Object.fromEntries(
    found.flatMap(({ kernel, numbers, choice }) => (choice === null ? [] : [[callKey(kernel, numbers), choice]])),
  );
  const after = sum((call) => call.after);
  return { calls: found, choices, gain: after === 0 ? 1 : sum((call) => call.before) / after };
}
