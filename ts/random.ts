// Random numbers as a function, not a state: Philox4x32-10 (Salmon et al., SC11), a value per (seed, label, counter). Key: key0 = (seed
// mod 2^32) xor h1, key1 = floor(seed / 2^32) xor h2, (h1, h2) a 64-bit hash of the label. Value i at counters (c1, c2, c3) reads word
// i mod 4 of the block with counter (floor(i / 4), c1, c2, c3), i < 2^34; a stream is for one purpose, as all its draws read the same words.
// uniform: (word >>> 8) 2^-24, exact in float32, in [0, 1). normal: Box-Muller on words (0, 1) and (2, 3): sqrt(-2 ln((w0 + 1) 2^-32))
// times cos, sin of 2 pi w1 2^-32. integer(n): word w of block (i, c1, c2, c3 + attempt) in turn, the first below the largest multiple
// of n, modulo n. split appends "/label": stream(s, "a").split("b") is stream(s, "a/b").

import { cosPi, log, sinPi } from "./math.ts";

const TWO_MINUS_24 = 5.9604644775390625e-8;
const TWO_MINUS_31 = 4.656612873077393e-10;
const TWO_MINUS_32 = 2.3283064365386963e-10;
const TWO_32 = 4294967296;

/** Philox4x32-10: writes the four words of the block with this counter and key to out[at .. at + 3]. */
export function philox(out: Uint32Array, at: number, c0: number, c1: number, c2: number, c3: number, key0: number, key1: number): void {
  c0 |= 0;
  c1 |= 0;
  c2 |= 0;
  c3 |= 0;
  key0 |= 0;
  key1 |= 0;
  for (let round = 0; round < 10; round++) {
    // The high halves of 0xd2511f53 c0 and 0xcd9e8d57 c2, from 16-bit halves; no sum below exceeds 32 bits.
    const a0 = c0 & 0xffff;
    const a1 = c0 >>> 16;
    const u = (Math.imul(a1, 0x1f53) + (Math.imul(a0, 0x1f53) >>> 16)) | 0;
    const v = (Math.imul(a0, 0xd251) + (u & 0xffff)) | 0;
    const highA = (Math.imul(a1, 0xd251) + (u >>> 16) + (v >>> 16)) | 0;
    const b0 = c2 & 0xffff;
    const b1 = c2 >>> 16;
    const s = (Math.imul(b1, 0x8d57) + (Math.imul(b0, 0x8d57) >>> 16)) | 0;
    const t = (Math.imul(b0, 0xcd9e) + (s & 0xffff)) | 0;
    const highB = (Math.imul(b1, 0xcd9e) + (s >>> 16) + (t >>> 16)) | 0;
    const lowA = Math.imul(c0, 0xd2511f53);
    const lowB = Math.imul(c2, 0xcd9e8d57);
    c0 = highB ^ c1 ^ key0;
    c1 = lowB;
    c2 = highA ^ c3 ^ key1;
    c3 = lowA;
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}

const block = new Uint32Array(4);
const deviates = new Float64Array(4);

/** The four normal deviates of a block. */
function normals(c0: number, c1: number, c2: number, c3: number, key0: number, key1: number): void {
  philox(block, 0, c0, c1, c2, c3, key0, key1);
  for (let pair = 0; pair < 4; pair += 2) {
    const radius = Math.sqrt(-2 * log((block[pair] + 1) * TWO_MINUS_32));
    const turn = block[pair + 1] * TWO_MINUS_31;
    deviates[pair] = radius * cosPi(turn);
    deviates[pair + 1] = radius * sinPi(turn);
  }
}

/** A 64-bit hash of a text's UTF-16 units: two multiplicative lanes, each finished as in MurmurHash3. */
function hash(text: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9e3779b1;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(((b << 13) | (b >>> 19)) ^ unit, 0x85ebca77);
  }
  return [finish(a ^ text.length), finish(b ^ text.length)];
}

function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The smallest rejected word: the largest multiple of n up to 2^32. */
function acceptBelow(n: number): number {
  if (!(Number.isInteger(n) && n >= 1 && n <= TWO_32)) throw new RangeError(`integer: n is ${n}, wanted a whole number from 1 to 2^32`);
  return TWO_32 - (TWO_32 % n);
}

/** Random numbers of one purpose; see the head of this file for the exact scheme. */
export class RandomStream {
  readonly seed: number;
  readonly label: string;
  /** The Philox key, for kernels that draw their own words. */
  readonly key0: number;
  readonly key1: number;

  constructor(seed: number, label: string) {
    if (!(Number.isSafeInteger(seed) && seed >= 0))
      throw new RangeError(`stream: seed is ${seed}, wanted a whole number from 0 to 2^53 - 1`);
    const [h1, h2] = hash(label);
    this.seed = seed;
    this.label = label;
    this.key0 = ((seed | 0) ^ h1) >>> 0;
    this.key1 = (Math.floor(seed / TWO_32) ^ h2) >>> 0;
  }

  /** The stream of a part of this purpose. */
  split(label: string): RandomStream {
    return new RandomStream(this.seed, `${this.label}/${label}`);
  }

  /** Value i as 32 random bits. */
  uint32(i: number, c1 = 0, c2 = 0, c3 = 0): number {
    philox(block, 0, Math.floor(i / 4), c1, c2, c3, this.key0, this.key1);
    return block[i & 3];
  }

  /** Value i, uniform in [0, 1) on the grid of 2^-24. */
  uniform(i: number, c1 = 0, c2 = 0, c3 = 0): number {
    return (this.uint32(i, c1, c2, c3) >>> 8) * TWO_MINUS_24;
  }

  /** Value i, a deviate of the standard normal distribution (at most 6.7 from 0). */
  normal(i: number, c1 = 0, c2 = 0, c3 = 0): number {
    normals(Math.floor(i / 4), c1, c2, c3, this.key0, this.key1);
    return deviates[i & 3];
  }

  /** Value i, one of 0 .. n - 1, each exactly as likely. i < 2^32. */
  integer(n: number, i: number, c1 = 0, c2 = 0, c3 = 0): number {
    const below = acceptBelow(n);
    for (let attempt = 0; ; attempt++) {
      philox(block, 0, i, c1, c2, c3 + attempt, this.key0, this.key1);
      for (let word = 0; word < 4; word++) if (block[word] < below) return block[word] % n;
    }
  }

  /** A random order of 0 .. n - 1: Fisher-Yates from the end, drawing from `cursor(c1, c2, c3)`. */
  permutation(n: number, c1 = 0, c2 = 0, c3 = 0): Uint32Array {
    if (!(Number.isInteger(n) && n >= 0 && n <= TWO_32))
      throw new RangeError(`permutation: n is ${n}, wanted a whole number from 0 to 2^32`);
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    const draws = this.cursor(c1, c2, c3);
    for (let i = n - 1; i > 0; i--) {
      const j = draws.integer(i + 1);
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  /** Fills out with uniform values 0, 1, ... at these counters; returns out. */
  fillUniform<T extends Float32Array | Float64Array>(out: T, c1 = 0, c2 = 0, c3 = 0): T {
    for (let i = 0; i < out.length; i += 4) {
      philox(block, 0, i / 4, c1, c2, c3, this.key0, this.key1);
      for (let j = 0; j < 4 && i + j < out.length; j++) out[i + j] = (block[j] >>> 8) * TWO_MINUS_24;
    }
    return out;
  }

  /** Fills out with normal values 0, 1, ... at these counters; returns out. */
  fillNormal<T extends Float32Array | Float64Array>(out: T, c1 = 0, c2 = 0, c3 = 0): T {
    for (let i = 0; i < out.length; i += 4) {
      normals(i / 4, c1, c2, c3, this.key0, this.key1);
      for (let j = 0; j < 4 && i + j < out.length; j++) out[i + j] = deviates[j];
    }
    return out;
  }

  /** Reads the words at these counters one after the other. */
  cursor(c1 = 0, c2 = 0, c3 = 0): RandomCursor {
    return new RandomCursor(this, c1, c2, c3);
  }
}

/** Words 0, 1, 2, ... of a stream in turn, for code that draws as it goes. */
export class RandomCursor {
  readonly #key0: number;
  readonly #key1: number;
  #c1: number;
  #c2: number;
  #c3: number;
  readonly #words = new Uint32Array(4);
  #next = 4;
  #block = 0;

  constructor(stream: RandomStream, c1: number, c2: number, c3: number) {
    this.#key0 = stream.key0;
    this.#key1 = stream.key1;
    this.#c1 = c1;
    this.#c2 = c2;
    this.#c3 = c3;
  }

  /** Goes back to word 0, at other counters. */
  restart(c1: number, c2 = 0, c3 = 0): void {
    this.#c1 = c1;
    this.#c2 = c2;
    this.#c3 = c3;
    this.#block = 0;
    this.#next = 4;
  }

  /** The next 32 random bits. */
  uint32(): number {
    if (this.#next === 4) {
      philox(this.#words, 0, this.#block++, this.#c1, this.#c2, this.#c3, this.#key0, this.#key1);
      this.#next = 0;
    }
    return this.#words[this.#next++];
  }

  /** Uniform in [0, 1) on the grid of 2^-24. */
  uniform(): number {
    return (this.uint32() >>> 8) * TWO_MINUS_24;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** One of 0 .. n - 1, each exactly as likely. */
  integer(n: number): number {
    const below = acceptBelow(n);
    let word = this.uint32();
    while (word >= below) word = this.uint32();
    return word % n;
  }

  /** A deviate of the standard normal distribution (two words each). */
  normal(): number {
    const radius = Math.sqrt(-2 * log((this.uint32() + 1) * TWO_MINUS_32));
    return radius * cosPi(this.uint32() * TWO_MINUS_31);
  }
}

/** The random numbers of a purpose: `stream(seed, "init").split("stages.0.conv1")`. Seeds are whole numbers up to 2^53 - 1. */
export function stream(seed: number, label: string): RandomStream {
  return new RandomStream(seed, label);
}
