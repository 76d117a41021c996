// Philox4x32-10, eight blocks at once: lane i of a vector holds a word of block i of four. Uniforms are (word >>> 8) * 2^-24.
import { loadPart, storePart } from "./lanes";
import { constant } from "./transcendental";

// The two multipliers, the two steps of the key, 2^-24; then 0 1 2 3; then a bit each.
const C: usize = memory.data<i32>([0xd2511f53, 0xcd9e8d57, 0x9e3779b9, 0xbb67ae85, 0x33800000, 0, 0, 0, 0, 1, 2, 3, 1, 2, 4, 8], 16);

/** The lower 32 bits of four products, of which `low` has the first two and `high` the others. */
// @ts-ignore: decorator
@inline
function lowerHalves(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function upperHalves(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/** Words as uniforms in [0, 1). */
// @ts-ignore: decorator
@inline
function unit(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), constant(C, 4));
}

/** Writes up to four uniforms, or x where they reach p, times scale, and 0 elsewhere. Returns which reach p, a bit each. */
// @ts-ignore: decorator
@inline
function emit(drops: bool, x: usize, y: usize, count: i32, u: v128, p: v128, scale: v128): i32 {
  const stays = f32x4.ge(u, p);
  if (count >= 4) {
    v128.store(y, drops ? v128.and(f32x4.mul(v128.load(x), scale), stays) : u);
  } else if (count > 0) {
    storePart(y, drops ? v128.and(f32x4.mul(loadPart(x, count), scale), stays) : u, count);
  }
  return drops ? i32x4.bitmask(stays) : 0;
}

/** Writes sixteen floats, or the first `count`, from the words of four blocks, and their bits where there is a mask. */
// @ts-ignore: decorator
@inline
function emitBlocks(
  drops: bool,
  x: usize,
  y: usize,
  mask: usize,
  count: i32,
  w0: v128,
  w1: v128,
  w2: v128,
  w3: v128,
  p: v128,
  scale: v128,
): void {
  const low01 = v128.shuffle<i32>(w0, w1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(w0, w1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(w2, w3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(w2, w3, 2, 6, 3, 7);
  let bits = emit(drops, x, y, count, unit(v128.shuffle<i32>(low01, low23, 0, 1, 4, 5)), p, scale);
  bits |= emit(drops, x + 16, y + 16, count - 4, unit(v128.shuffle<i32>(low01, low23, 2, 3, 6, 7)), p, scale) << 4;
  bits |= emit(drops, x + 32, y + 32, count - 8, unit(v128.shuffle<i32>(high01, high23, 0, 1, 4, 5)), p, scale) << 8;
  bits |= emit(drops, x + 48, y + 48, count - 12, unit(v128.shuffle<i32>(high01, high23, 2, 3, 6, 7)), p, scale) << 12;
  if (drops && mask && count > 0) store<f32>(mask, <f32>(count < 16 ? bits & ((1 << count) - 1) : bits));
}

/** The floats 4i + j, i < 8 and j < 4, below count, from uniform j of the block with counter (first + i, c1, c2, c3). */
// @ts-ignore: decorator
@inline
function blocks(
  drops: bool,
  x: usize,
  y: usize,
  mask: usize,
  count: i32,
  first: i32,
  c1: i32,
  c2: i32,
  c3: i32,
  key0: i32,
  key1: i32,
  p: v128,
  scale: v128,
): void {
  const m0 = constant(C, 0);
  const m1 = constant(C, 1);
  const step0 = constant(C, 2);
  const step1 = constant(C, 3);
  // Two chains of four blocks, v and w, hide each other's latency.
  let v0 = i32x4.add(i32x4.splat(first), v128.load(C, 32));
  let v1 = i32x4.splat(c1);
  let v2 = i32x4.splat(c2);
  let v3 = i32x4.splat(c3);
  let w0 = i32x4.add(i32x4.splat(first + 4), v128.load(C, 32));
  let w1 = v1;
  let w2 = v2;
  let w3 = v3;
  let k0 = i32x4.splat(key0);
  let k1 = i32x4.splat(key1);
  for (let round = 0; round < 10; round++) {
    const a0 = i64x2.extmul_low_i32x4_u(v0, m0);
    const b0 = i64x2.extmul_high_i32x4_u(v0, m0);
    const a1 = i64x2.extmul_low_i32x4_u(v2, m1);
    const b1 = i64x2.extmul_high_i32x4_u(v2, m1);
    const c0 = i64x2.extmul_low_i32x4_u(w0, m0);
    const d0 = i64x2.extmul_high_i32x4_u(w0, m0);
    const e1 = i64x2.extmul_low_i32x4_u(w2, m1);
    const f1 = i64x2.extmul_high_i32x4_u(w2, m1);
    v0 = v128.xor(upperHalves(a1, b1), v128.xor(v1, k0));
    v2 = v128.xor(upperHalves(a0, b0), v128.xor(v3, k1));
    v1 = lowerHalves(a1, b1);
    v3 = lowerHalves(a0, b0);
    w0 = v128.xor(upperHalves(e1, f1), v128.xor(w1, k0));
    w2 = v128.xor(upperHalves(c0, d0), v128.xor(w3, k1));
    w1 = lowerHalves(e1, f1);
    w3 = lowerHalves(c0, d0);
    k0 = i32x4.add(k0, step0);
    k1 = i32x4.add(k1, step1);
  }
  emitBlocks(drops, x, y, mask, count, v0, v1, v2, v3, p, scale);
  emitBlocks(drops, x + 64, y + 64, mask ? mask + 4 : 0, count - 16, w0, w1, w2, w3, p, scale);
}

export function philox_uniform_f32(y: usize, length: i32, key0: i32, key1: i32, counter1: i32, counter2: i32, counter3: i32): void {
  const unused = f32x4.splat(0);
  let first = 0;
  for (let i = length; i > 0; i -= 32, y += 128, first += 8) {
    blocks(false, 0, y, 0, i, first, counter1, counter2, counter3, key0, key1, unused, unused);
  }
}

export function dropout_f32(
  x: usize,
  y: usize,
  mask: usize,
  rows: i32,
  cols: i32,
  p: f64,
  key0: i32,
  key1: i32,
  counter2: i32,
  counter3: i32,
  firstRow: i32,
): void {
  // The least multiple of 2^-24 that is at least p: uniforms are such multiples.
  const least = f32x4.splat(<f32>(ceil<f64>(p * 16777216) / 16777216));
  const scale = f32x4.splat(<f32>(1 / (1 - p)));
  const row = (<usize>cols) << 2;
  const width = mask ? (<usize>((cols + 15) >> 4)) << 2 : 0;
  for (let r = 0; r < rows; r++, x += row, y += row, mask += width) {
    let first = 0;
    for (let i = cols; i > 0; i -= 32, first += 8) {
      const at = (<usize>first) << 4;
      blocks(true, x + at, y + at, mask ? mask + first : 0, i, first, firstRow + r, counter2, counter3, key0, key1, least, scale);
    }
  }
}

/** Up to four values, times scale, where their bits are in the mask. */
// @ts-ignore: decorator
@inline
function pass(dy: usize, dx: usize, count: i32, bits: v128, places: v128, scale: v128): void {
  const stays = i32x4.ne(v128.and(bits, places), i32x4.splat(0));
  if (count >= 4) v128.store(dx, v128.and(f32x4.mul(v128.load(dy), scale), stays));
  else if (count > 0) storePart(dx, v128.and(f32x4.mul(loadPart(dy, count), scale), stays), count);
}

export function dropout_backward_f32(dy: usize, mask: usize, dx: usize, rows: i32, cols: i32, p: f64): void {
  const scale = f32x4.splat(<f32>(1 / (1 - p)));
  const low = v128.load(C, 48);
  for (let r = 0; r < rows; r++) {
    let left = cols;
    for (; left > 0; left -= 16, mask += 4, dy += 64, dx += 64) {
      const bits = i32x4.splat(<i32>load<f32>(mask));
      pass(dy, dx, left, bits, low, scale);
      pass(dy + 16, dx + 16, left - 4, bits, i32x4.shl(low, 4), scale);
      pass(dy + 32, dx + 32, left - 8, bits, i32x4.shl(low, 8), scale);
      pass(dy + 48, dx + 48, left - 12, bits, i32x4.shl(low, 12), scale);
    }
    dy += (<usize>left) << 2;
    dx += (<usize>left) << 2;
  }
}
