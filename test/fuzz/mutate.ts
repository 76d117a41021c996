// Changes good files at random, the same way for the same seed: bits, bytes, numbers, ranges and pieces of other files.

/** A small generator for tests (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to n - 1. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** True once in n. */
  once(n: number): boolean {
    return this.below(n) === 0;
  }
}

const NUMBERS = [0, 1, 2, 7, 8, 16, 127, 128, 255, 256, 1023, 32767, 32768, 65535, 65536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

function replaced(bytes: Uint8Array, from: number, to: number, by: Uint8Array): Uint8Array {
  const changed = new Uint8Array(from + by.length + bytes.length - to);
  changed.set(bytes.subarray(0, from));
  changed.set(by, from);
  changed.set(bytes.subarray(to), from + by.length);
  return changed;
}

/** A number as its bytes in one of the usual ways. */
function numberBytes(value: number, dice: Dice): Uint8Array {
  const size = dice.pick([1, 2, 4, 8]);
  const bytes = new Uint8Array(size);
  for (let i = 0, rest = value; i < size; i++, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return dice.once(2) ? bytes.reverse() : bytes;
}

type Change = (bytes: Uint8Array, at: number, dice: Dice, others: readonly Uint8Array[], tokens: readonly string[]) => Uint8Array;

/** A few bytes, mostly; sometimes many. */
const span = (bytes: Uint8Array, at: number, dice: Dice): number =>
  Math.min(bytes.length, at + 1 + dice.below(dice.once(8) ? bytes.length : 12));

const changes: readonly Change[] = [
  // One bit.
  (bytes, at, dice) => {
    bytes[at] ^= 1 << dice.below(8);
    return bytes;
  },
  // One byte.
  (bytes, at, dice) => {
    bytes[at] = dice.once(2) ? dice.below(256) : dice.pick([0, 1, 0x7f, 0x80, 0xff, 0x20, 0x22, 0x30, 0x39, 0x5b, 0x5d, 0x7b, 0x7d]);
    return bytes;
  },
  // A number, in place.
  (bytes, at, dice) => {
    const value = dice.once(3) ? bytes.length + dice.below(5) - 2 : dice.pick(NUMBERS) + dice.below(3) - 1;
    const by = numberBytes(Math.max(0, value), dice);
    bytes.set(by.subarray(0, bytes.length - at), at);
    return bytes;
  },
  // A digit of a text.
  (bytes, at, dice) => {
    for (let i = at; i < bytes.length; i++) {
      if (bytes[i] < 0x30 || bytes[i] > 0x39) continue;
      bytes[i] = 0x30 + dice.below(10);
      break;
    }
    return bytes;
  },
  // A range goes, comes twice, or is replaced.
  (bytes, at, dice) => replaced(bytes, at, span(bytes, at, dice), new Uint8Array(0)),
  (bytes, at, dice) => replaced(bytes, at, at, bytes.slice(at, span(bytes, at, dice))),
  (bytes, at, dice) =>
    replaced(
      bytes,
      at,
      span(bytes, at, dice),
      Uint8Array.from({ length: dice.below(12) }, () => dice.below(256)),
    ),
  // A cut, or more behind.
  (bytes, at) => bytes.subarray(0, at),
  (bytes, _at, dice) =>
    replaced(
      bytes,
      bytes.length,
      bytes.length,
      Uint8Array.from({ length: 1 + dice.below(600) }, () => (dice.once(2) ? 0 : dice.below(256))),
    ),
  // A piece of another file, or of this one.
  (bytes, at, dice, others) => {
    const other = dice.pick(others);
    const from = dice.below(other.length + 1);
    return replaced(bytes, at, dice.once(2) ? at : span(bytes, at, dice), other.subarray(from, from + dice.below(64)));
  },
  // A word of the format.
  (bytes, at, dice, _others, tokens) => {
    if (tokens.length === 0) return bytes;
    return replaced(bytes, at, dice.once(2) ? at : span(bytes, at, dice), new TextEncoder().encode(dice.pick(tokens)));
  },
];

/** A good file with 1 to 4 changes, half of them near its beginning. */
export function mutate(good: Uint8Array, dice: Dice, others: readonly Uint8Array[], tokens: readonly string[]): Uint8Array {
  let bytes = good.slice();
  for (let count = 1 + dice.below(4); count > 0; count--) {
    if (bytes.length === 0) return bytes;
    const at = dice.below(dice.once(2) ? Math.min(bytes.length, 200) : bytes.length);
    bytes = dice.pick(changes)(bytes, at, dice, others, tokens).slice();
  }
  return bytes;
}
