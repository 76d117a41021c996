// Gives a reader changed files and asks three things: it ends with a FormatError or with something sound, never with another error; what
// it says is fit to be shown; and no array that it makes is larger than the file allows for.
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/format-error.ts";
import { Dice, mutate } from "./mutate.ts";

export interface Target {
  readonly name: string;
  /** Good files. */
  readonly seeds: readonly Uint8Array[];
  /** Reads a file under this name. */
  readonly read: (bytes: Uint8Array, file: string) => unknown;
  /** Makes checksums right again, so that changes get past them. */
  readonly repair?: (bytes: Uint8Array) => Uint8Array;
  /** Throws where what was read of the file is unsound. */
  readonly check?: (result: never, bytes: Uint8Array) => void;
  /** Words of the format. */
  readonly tokens?: readonly string[];
  /** Bytes that one array may have; twice the file and 1 MiB by default. */
  readonly largest?: (bytes: Uint8Array) => number;
  /** A file cut anywhere is refused, as is one with a bit flipped where all of it is under checksums. */
  readonly refusesCuts?: boolean;
  readonly refusesFlips?: boolean;
}

/** Changed files of a target: 10^4, or 10^7 with PERPEND_LONG=1; a slow reader asks for fewer. PERPEND_ROUNDS sets the most of any. */
export function rounds(usual = 10_000, long = 10_000_000): number {
  const count = process.env["PERPEND_LONG"] === "1" ? long : usual;
  return Math.min(count, Number(process.env["PERPEND_ROUNDS"] ?? count));
}

const FILE = "some/file";
const arrays = [
  "Uint8Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "ArrayBuffer",
  "Array",
] as const;

let limit = Infinity;
let made = 0;

/** Watches arrays made by length from here on. */
function watchArrays(): void {
  const world = globalThis as unknown as Record<string, new (...args: readonly unknown[]) => object>;
  for (const name of arrays) {
    const Kind = world[name];
    const unit = (Kind as unknown as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? (name === "Array" ? 8 : 1);
    world[name] = new Proxy(Kind, {
      construct(target, args, self) {
        if (typeof args[0] === "number") {
          made++;
          if (unit * args[0] > limit) throw new Error(`${name} of ${args[0]}, wanted at most ${limit} bytes`);
        }
        return Reflect.construct(target, args, self) as object;
      },
    });
  }
}

watchArrays();

/** What became of one file. Throws where the reader did what it must not. */
async function tryFile({ read, check, largest }: Target, bytes: Uint8Array): Promise<"refused" | "accepted"> {
  const most = largest?.(bytes) ?? 2 * bytes.length + (1 << 20);
  const before = bytes.slice();
  let result: unknown;
  const { stackTraceLimit } = Error;
  try {
    limit = most;
    Error.stackTraceLimit = 0; // a tenth of the time otherwise
    result = await read(bytes, FILE);
  } catch (error) {
    limit = Infinity;
    if (!(error instanceof FormatError)) throw error;
    assert.ok(error.file.startsWith(FILE), error.message);
    assert.ok(Number.isSafeInteger(error.offset) && error.offset >= -1, error.message);
    assert.ok(error.message.length < 3000 && error.found !== "" && error.wanted !== "", error.message);
    assert.not.match(error.message, /[\u0000-\u001f\u007f-\u009f]/);
    return "refused";
  } finally {
    limit = Infinity;
    Error.stackTraceLimit = stackTraceLimit;
  }
  check?.(result as never, before);
  return "accepted";
}

async function tryAll(
  target: Target,
  files: Iterable<{ readonly bytes: Uint8Array; readonly what: () => string }>,
): Promise<Record<"refused" | "accepted", number>> {
  const counts = { refused: 0, accepted: 0 };
  for (const { bytes, what } of files) {
    // What readers of the system hold is freed between turns of the event loop alone.
    if ((counts.refused + counts.accepted) % 1000 === 0) await new Promise(setImmediate);
    try {
      counts[await tryFile(target, bytes)]++;
    } catch (error) {
      const text = Buffer.from(bytes.subarray(0, 2000)).toString("base64");
      throw new Error(`${target.name}, ${what()}: ${String(error)}; the file in base64: ${text}`, { cause: error });
    }
  }
  return counts;
}

function* changed(target: Target, count: number): Generator<{ bytes: Uint8Array; what: () => string }> {
  const { seeds, repair, tokens = [] } = target;
  for (let round = 0; round < count; round++) {
    const dice = new Dice(round);
    const bytes = mutate(dice.pick(seeds), dice, seeds, tokens);
    yield { bytes: repair && !dice.once(4) ? repair(bytes) : bytes, what: () => `round ${round}` };
  }
}

function* cut(seeds: readonly Uint8Array[]): Generator<{ bytes: Uint8Array; what: () => string }> {
  for (const [index, seed] of seeds.entries())
    for (let length = 0; length < seed.length; length++)
      yield { bytes: seed.slice(0, length), what: () => `file ${index} cut at ${length}` };
}

function* flipped(seeds: readonly Uint8Array[]): Generator<{ bytes: Uint8Array; what: () => string }> {
  for (const [index, seed] of seeds.entries())
    for (let at = 0; at < seed.length; at++) {
      const bytes = seed.slice();
      bytes[at] ^= 1 << (at % 8);
      yield { bytes, what: () => `file ${index}, a bit of byte ${at} flipped` };
    }
}

/** Every good file is read, every cut of one, one bit of every byte, and `count` changed ones. */
export async function fuzz(target: Target, count = rounds()): Promise<void> {
  const { name, seeds, refusesCuts = true, refusesFlips = false } = target;
  assert.equal(await tryAll(target, seeds.map((bytes, index) => ({ bytes: bytes.slice(), what: () => `file ${index}` }))), { refused: 0, accepted: seeds.length }); // prettier-ignore
  const cuts = await tryAll(target, cut(seeds));
  if (refusesCuts) assert.is(cuts.accepted, 0, `${name}: ${cuts.accepted} cut files accepted`);
  const flips = await tryAll(target, flipped(seeds));
  if (refusesFlips) assert.is(flips.accepted, 0, `${name}: ${flips.accepted} flipped files accepted`);
  const { refused, accepted } = await tryAll(target, changed(target, count));
  console.log(
    `${name}: ${cuts.refused + cuts.accepted} cuts, ${flips.refused + flips.accepted} flips, ${refused} changed files refused, ${accepted} sound`,
  );
  assert.is(refused + accepted, count);
  assert.ok(refused > count / 20, `${name}: only ${refused} of ${count} refused`);
  assert.ok(made > 0);
}
