// Runs the hot kernels of a module on numbers that look random: how long a call takes, and what bits come out.
import { WIDE_ADDRESS } from "../backend/index.ts";
import type { Call, Family } from "./families.ts";

export type Exports = Readonly<Record<string, (...parameters: number[]) => void>>;

/** Buffers lie above the module's constants, inputs and outputs first, scratch behind them. */
const FIRST = 1 << 20;
const PAGES = 48;

/** Floats after which what is drawn repeats itself: a prime, so that it fits no row of a matrix or an image. */
const PERIOD = 4099;

const CEILING = "calibrate_f32";
const ROUNDS = 1000;
/** Calls between two looks at the speed. */
const CALLS = 5;

/** Where kernels are tried: a memory, and what its buffers hold before a call. */
export interface Ground {
  readonly memory: WebAssembly.Memory;
  readonly drawn: Float32Array;
}

interface Placed {
  readonly parameters: readonly number[];
  /** Floats of all buffers from the first on, scratch not counted. */
  readonly floats: number;
}

/** Buffers one behind the other, each on a cache line of its own. */
function place({ lengths, scratch, numbers }: Call): Placed {
  let end = FIRST;
  const take = (length: number): number => {
    const at = end;
    end += 64 * (Math.ceil(length / 16) + 1);
    return at;
  };
  const buffers = lengths.map(take);
  const floats = (end - FIRST) / 4;
  if (scratch > 0) buffers.push(take(scratch));
  if (end > PAGES * 65536) throw new Error(`trial: ${end} bytes for a call, at most ${PAGES * 65536} are there`);
  return { parameters: [...buffers, ...numbers], floats };
}

/** Ground for some kernels: floats in [-1, 1) with all their bits in use, so that sums in another order come out differently. */
export function layGround(families: readonly Family[]): Ground {
  const calls = families.flatMap(({ timed, odd }) => [timed, ...odd]);
  const drawn = new Float32Array(calls.reduce((most, call) => Math.max(most, place(call).floats), PERIOD));
  for (let i = 0; i < PERIOD; i++) drawn[i] = (Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(i, 0x85ebca6b)) / 0x80000000;
  for (let filled = PERIOD; filled < drawn.length; filled *= 2) drawn.copyWithin(filled, 0, filled);
  return { memory: new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true }), drawn };
}

/** An instance of a module on ground that it may share with others, which take turns. */
export class Trial {
  private readonly exports: Exports;
  private readonly tile: 0 | 1;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly floats: Float32Array;
  private readonly drawn: Float32Array;
  private readonly best = new Map<string, number>();

  /** `tile` is the word that chooses the tile: 1 is the one for wide vectors. */
  constructor(exports: Exports, { memory, drawn }: Ground, tile: 0 | 1) {
    this.exports = exports;
    this.tile = tile;
    this.words = new Int32Array(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.floats = new Float32Array(memory.buffer, FIRST);
    this.drawn = drawn;
  }

  private export(name: string): Exports[string] {
    const found = this.exports[name];
    if (found === undefined) throw new Error(`trial: no ${name} in this build of the kernels, wanted a build of the same version`);
    this.words[WIDE_ADDRESS / 4] = this.tile;
    return found;
  }

  private run({ name }: Family, call: Call): number {
    const { parameters, floats } = place(call);
    const run = this.export(name);
    this.floats.set(this.drawn.subarray(0, floats));
    run(...parameters);
    return floats;
  }

  /** Has V8 compile all that the calls of a family run through: a first call asks for it, from the second on it runs. */
  warm(family: Family): void {
    for (const call of [family.timed, ...family.odd]) for (let i = 0; i < 2; i++) this.run(family, call);
  }

  /** The bits of all buffers after each call of a family. */
  answers(family: Family): Uint8Array[] {
    return [family.timed, ...family.odd].map((call) => {
      const floats = this.run(family, call);
      return this.bytes.slice(FIRST, FIRST + 4 * floats);
    });
  }

  private fastest(what: string, call: () => void, now: () => number): number {
    let best = this.best.get(what) ?? Infinity;
    for (let i = 0; i < CALLS; i++) {
      const from = now();
      call();
      best = Math.min(best, now() - from);
    }
    this.best.set(what, best);
    return best;
  }

  /** Milliseconds of the timed call: the best of some more calls and all before. */
  time({ name, timed }: Family, now: () => number): number {
    const { parameters } = place(timed);
    const run = this.export(name);
    return this.fastest(name, () => run(...parameters), now);
  }

  /** What 128-bit code can do at most: operations a millisecond in 12 chains of 4 lanes, 96 operations a round; the best so far. */
  ceiling(now: () => number): number {
    const run = this.export(CEILING);
    this.floats.set(this.drawn.subarray(0, 8));
    return (96 * ROUNDS) / this.fastest(CEILING, () => run(FIRST, ROUNDS), now);
  }
}
