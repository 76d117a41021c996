// Which code V8 makes of the kernels. From version 13 on it can join neighboring 128-bit vectors to 256 bits, with the same bits, at
// about twice the speed; behind a flag, which counts for whatever is optimized while it is set. So the hot kernels are optimized then
// and there, timed, and compared with plain code. V8 reuses the code of equal bytes: custom sections keep the two apart.
import { setFlagsFromString } from "node:v8";
import { families as hotKernels, type Family } from "./families.ts";
import { layGround, Trial, type Exports } from "./trial.ts";

/** What the choice needs of the engine. */
export interface Engine {
  /** Versions by name, as in process.versions. */
  readonly versions: { readonly [name: string]: string | undefined };
  readonly architecture: string;
  /** PERPEND_WIDE of the environment. */
  readonly setting: string | undefined;
  readonly setFlag: (flag: string) => void;
  readonly compile: (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module;
  readonly instantiate: (module: WebAssembly.Module, memory: WebAssembly.Memory) => Exports;
  /** Milliseconds, to time calls with. */
  readonly now: () => number;
  /** Milliseconds that this thread has worked, or that have passed: what others do on a busy machine should not end the trial. */
  readonly spent: () => number;
  readonly warn: (line: string) => void;
}

export interface KernelPath {
  readonly module: WebAssembly.Module;
  /** Wide: V8 joins vectors to 256 bits, and kernels take the tile made for that. */
  readonly path: "wide" | "plain";
  /** Why, for a person. */
  readonly reason: string;
}

/** From Node 23.9 on; in microseconds. */
const { threadCpuUsage } = process as { readonly threadCpuUsage?: () => { readonly user: number; readonly system: number } };

function workedMilliseconds(): number {
  if (threadCpuUsage === undefined) return performance.now();
  const { user, system } = threadCpuUsage.call(process);
  return (user + system) / 1000;
}

/** This process. */
export const engine: Engine = {
  versions: process.versions,
  architecture: process.arch,
  setting: process.env["PERPEND_WIDE"],
  setFlag: setFlagsFromString,
  compile: (bytes) => new WebAssembly.Module(bytes),
  instantiate: (module, memory) => new WebAssembly.Instance(module, { env: { memory, abort() {} } }).exports as Exports,
  now: () => performance.now(),
  spent: workedMilliseconds,
  warn: (line) => process.stderr.write(`${line}\n`),
};

/** The first V8 that makes wide code of these kernels. */
const FIRST_V8 = 13;
/** All that the trial may take of its thread. */
const MILLISECONDS = 300;
/** Share of the ceiling of 128-bit code that no such code reaches. Plain code with the wide tile has 0.75, wide code 1.3 to 1.8. */
const OVER_CEILING = 1.2;
/** Speed over plain code that only wide code has. Where others use the machine too, neither comes near its ceiling. */
const OVER_PLAIN = 1.3;
/** Looks at the speed before plain code is timed too. */
const LOOKS = 3;

const WIDEN = "--experimental-wasm-revectorize";
const DO_NOT_WIDEN = "--no-experimental-wasm-revectorize";
/** What is to be optimized is optimized by the thread that calls it, not by another one when the flag may be off again. */
const AT_ONCE = "--wasm-sync-tier-up";
const IN_THE_BACKGROUND = "--no-wasm-sync-tier-up";
/** A function is optimized in its first call, or after about a millisecond of it, as is V8's default. */
const IN_FIRST_CALL = "--wasm-tiering-budget=1";
const WHEN_HOT = "--wasm-tiering-budget=13000000";

/** The same module with an empty custom section of that name behind it. */
export function tagged(bytes: Uint8Array, name: string): Uint8Array<ArrayBuffer> {
  const letters = new TextEncoder().encode(name);
  const result = new Uint8Array(bytes.length + 3 + letters.length);
  result.set(bytes);
  result.set([0, letters.length + 1, letters.length, ...letters], bytes.length);
  return result;
}

/** Why wide code is not even tried, or null. */
function obstacle({ versions, architecture, setting }: Engine): string | null {
  if (setting === "0") return "PERPEND_WIDE=0";
  const other = ["bun", "deno", "electron"].find((name) => versions[name] !== undefined);
  if (other !== undefined) return `${other} is not known to widen vectors`;
  const v8 = versions["v8"] ?? "";
  if (!(Number.parseInt(v8, 10) >= FIRST_V8))
    return `V8 ${/^\d+\.\d+/.exec(v8)?.[0] ?? v8} does not widen vectors, ${FIRST_V8} does (Node 24)`;
  return architecture === "x64" ? null : `V8 widens vectors on x64 only, not on ${architecture}`;
}

const differ = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.some((bytes, index) => Buffer.compare(bytes, b[index]) !== 0);

interface Contest {
  /** Compiles the module under a name of its own. */
  readonly open: (name: string, tile: 0 | 1) => { readonly module: WebAssembly.Module; readonly trial: Trial };
  readonly families: readonly Family[];
  readonly engine: Engine;
  readonly deadline: number;
}

/** The families that have not shown wide speed in time. */
function slowFamilies({ open, families, engine: { setFlag, now, spent }, deadline }: Contest, wide: Trial): readonly Family[] {
  let plain: Trial | undefined;
  let slow = families;
  for (let look = 1; slow.length > 0 && spent() < deadline; look++) {
    const ceiling = wide.ceiling(now);
    slow = slow.filter((family) => !(family.operations / wide.time(family, now) >= OVER_CEILING * ceiling));
    if (look < LOOKS || slow.length === 0) continue;
    if (plain === undefined) {
      setFlag(DO_NOT_WIDEN);
      plain = open("plain", 0).trial;
      for (const family of families) plain.warm(family);
      setFlag(WIDEN);
    }
    const against = plain;
    slow = slow.filter((family) => !(against.time(family, now) >= OVER_PLAIN * wide.time(family, now)));
  }
  return slow;
}

interface Outcome {
  /** The wide module, where it is fast and right. */
  readonly module: WebAssembly.Module | null;
  readonly isWrong: boolean;
  readonly reason: string;
}

/** Leaves V8's flags set. */
function tryWide(contest: Contest): Outcome {
  const { open, families, engine, deadline } = contest;
  const { setFlag, now, spent } = engine;
  for (const flag of [DO_NOT_WIDEN, AT_ONCE]) setFlag(flag);
  const reference = open("reference", 0).trial;
  const expected = families.map((family) => reference.answers(family));
  for (const flag of [IN_FIRST_CALL, WIDEN]) setFlag(flag);
  const { module, trial } = open("wide", 1);
  const wrong = (what: string): Outcome => ({ module: null, isWrong: true, reason: `wide code of this V8 is wrong: ${what}` });
  try {
    for (const family of families) trial.warm(family);
    const [slow] = slowFamilies(contest, trial);
    if (slow !== undefined)
      return { module: null, isWrong: false, reason: `${slow.name} did not show wide speed within ${MILLISECONDS} ms` };
    const other = families.find((family, index) => differ(trial.answers(family), expected[index]));
    if (other !== undefined) return wrong(`${other.name} has other bits`);
  } catch (error) {
    return wrong((error as Error).message);
  }
  const [first] = families;
  const share = (first.operations / trial.time(first, now) / trial.ceiling(now)).toFixed(1);
  const milliseconds = (spent() - deadline + MILLISECONDS).toFixed(0);
  return { module, isWrong: false, reason: `${first.name} at ${share} times the ceiling of 128-bit vectors, found in ${milliseconds} ms` };
}

function outcomeOf(bytes: Uint8Array, engine: Engine, families: readonly Family[]): Outcome {
  const { setFlag, compile, instantiate, spent } = engine;
  const deadline = spent() + MILLISECONDS;
  try {
    const ground = layGround(families);
    const open: Contest["open"] = (name, tile) => {
      const module = compile(tagged(bytes, name));
      return { module, trial: new Trial(instantiate(module, ground.memory), ground, tile) };
    };
    return tryWide({ open, families, engine, deadline });
  } catch (error) {
    return { module: null, isWrong: false, reason: `wide code could not be tried: ${(error as Error).message}` };
  } finally {
    for (const flag of [DO_NOT_WIDEN, IN_THE_BACKGROUND, WHEN_HOT]) setFlag(flag);
  }
}

/** Compiles a strict build: wide where V8 can and is right, else plain. The bits are the same. V8's flags are as before at the end. */
export function choosePath(bytes: Uint8Array<ArrayBuffer>, given: Engine = engine, families: readonly Family[] = hotKernels): KernelPath {
  const hindered = obstacle(given);
  const { module, isWrong, reason } =
    hindered === null ? outcomeOf(bytes, given, families) : { module: null, isWrong: false, reason: hindered };
  if (module !== null) return { module, path: "wide", reason };
  if (isWrong) given.warn(`perpend: ${reason}; plain code runs instead, at half the speed and with the right bits`);
  return { module: given.compile(bytes), path: "plain", reason };
}
