// Parts of attention: copies of a head's rows between [tokens, all heads] and blocks of their own, and passes over rows of scores.
// A row of scores is padded to whole sixteens by -infinity, whose exponential is 0: element j goes to accumulator j mod 16 in ascending
// order, from 0; the sixteen become one as in softmax: ((v0 + v1) + (v2 + v3)), then (l0 + l2) + (l1 + l3).
import { sumLanes } from "./lanes";
import { padded16 } from "./pack";
import { expNormal } from "./transcendental";

/** Copies `d` floats times `factor`. */
// @ts-ignore: decorator
@inline
function scaledRow(to: usize, from: usize, d: i32, factor: v128): void {
  let i = d;
  for (; i >= 16; i -= 16, to += 64, from += 64) {
    const v0 = v128.load(from);
    const v1 = v128.load(from, 16);
    const v2 = v128.load(from, 32);
    const v3 = v128.load(from, 48);
    const w0 = f32x4.mul(v0, factor);
    const w1 = f32x4.mul(v1, factor);
    const w2 = f32x4.mul(v2, factor);
    const w3 = f32x4.mul(v3, factor);
    v128.store(to, w0);
    v128.store(to, w1, 16);
    v128.store(to, w2, 32);
    v128.store(to, w3, 48);
  }
  for (; i >= 4; i -= 4, to += 16, from += 16) v128.store(to, f32x4.mul(v128.load(from), factor));
  const one = f32x4.extract_lane(factor, 0);
  for (; i > 0; --i, to += 4, from += 4) store<f32>(to, load<f32>(from) * one);
}

/** A block of `whole` rows of d floats, padded to sixteens, from `rows` rows `step` bytes apart, times `factor`; the rest is 0. */
export function loadRows(to: usize, from: usize, step: usize, rows: i32, whole: i32, d: i32, factor: f32): void {
  const width = (<usize>padded16(d)) << 2;
  if (width != (<usize>d) << 2) memory.fill(to, 0, <usize>whole * width);
  else if (whole > rows) memory.fill(to + <usize>rows * width, 0, <usize>(whole - rows) * width);
  const by = f32x4.splat(factor);
  for (let i = 0; i < rows; ++i, to += width, from += step) scaledRow(to, from, d, by);
}

/** The way back: `rows` rows of a block, times `factor`, `step` bytes apart. */
export function storeRows(to: usize, from: usize, step: usize, rows: i32, d: i32, factor: f32): void {
  const width = (<usize>padded16(d)) << 2;
  const by = f32x4.splat(factor);
  for (let i = 0; i < rows; ++i, to += step, from += width) scaledRow(to, from, d, by);
}

/** The same, each row times a factor of its own, 8 bytes apart. */
export function storeRowsBy(to: usize, from: usize, step: usize, rows: i32, d: i32, factors: usize): void {
  const width = (<usize>padded16(d)) << 2;
  for (let i = 0; i < rows; ++i, to += step, from += width, factors += 8) scaledRow(to, from, d, v128.load32_splat(factors));
}

/** Sets what pads a row of `t` scores to -infinity. */
// @ts-ignore: decorator
@inline
function pad(row: usize, t: i32): void {
  const end = row + ((<usize>padded16(t)) << 2);
  for (let p = row + ((<usize>t) << 2); p < end; p += 4) store<f32>(p, reinterpret<f32>(0xff800000));
}

/** The largest of a padded row; NaN is passed over. */
// @ts-ignore: decorator
@inline
function largest(row: usize, t: i32): f32 {
  let a = v128.load(row);
  let b = v128.load(row, 16);
  let c = v128.load(row, 32);
  let d = v128.load(row, 48);
  const lowest = f32x4.splat(reinterpret<f32>(0xff800000));
  a = f32x4.pmax(lowest, a);
  b = f32x4.pmax(lowest, b);
  c = f32x4.pmax(lowest, c);
  d = f32x4.pmax(lowest, d);
  const end = row + ((<usize>padded16(t)) << 2);
  for (let p = row + 64; p < end; p += 64) {
    const x0 = v128.load(p);
    const x1 = v128.load(p, 16);
    const x2 = v128.load(p, 32);
    const x3 = v128.load(p, 48);
    a = f32x4.pmax(a, x0);
    b = f32x4.pmax(b, x1);
    c = f32x4.pmax(c, x2);
    d = f32x4.pmax(d, x3);
  }
  a = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
  a = f32x4.pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2)), 0);
}

/** e^(x - largest) of `rows` rows of `t` scores in place; the largest and 1 / sum of each go to `stats`. */
export function exponentials(scores: usize, step: usize, rows: i32, t: i32, stats: usize): void {
  const width = (<usize>padded16(t)) << 2;
  for (let i = 0; i < rows; ++i, scores += step, stats += 8) {
    pad(scores, t);
    const top = largest(scores, t);
    const shift = f32x4.splat(top);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let p = scores; p < scores + width; p += 64) {
      const x0 = v128.load(p);
      const x1 = v128.load(p, 16);
      const x2 = v128.load(p, 32);
      const x3 = v128.load(p, 48);
      const e0 = expNormal(f32x4.sub(x0, shift));
      const e1 = expNormal(f32x4.sub(x1, shift));
      const e2 = expNormal(f32x4.sub(x2, shift));
      const e3 = expNormal(f32x4.sub(x3, shift));
      s0 = f32x4.add(s0, e0);
      s1 = f32x4.add(s1, e1);
      s2 = f32x4.add(s2, e2);
      s3 = f32x4.add(s3, e3);
      v128.store(p, e0);
      v128.store(p, e1, 16);
      v128.store(p, e2, 32);
      v128.store(p, e3, 48);
    }
    store<f32>(stats, top);
    store<f32>(stats, 1 / sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))), 4);
  }
}

/**
 * Scores of `rows` rows become shares P = e^(x - largest) / sum by their `stats`, and gradients of shares dP, as far from them as `offset`
 * says, become those of scores, P (dP - sum of P dP).
 */
export function scoreGradients(scores: usize, offset: usize, step: usize, rows: i32, t: i32, stats: usize): void {
  const width = (<usize>padded16(t)) << 2;
  for (let i = 0; i < rows; ++i, scores += step, stats += 8) {
    pad(scores, t);
    const shift = v128.load32_splat(stats);
    const factor = v128.load32_splat(stats, 4);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let p = scores; p < scores + width; p += 64) {
      const q = p + offset;
      const x0 = v128.load(p);
      const x1 = v128.load(p, 16);
      const x2 = v128.load(p, 32);
      const x3 = v128.load(p, 48);
      const g0 = v128.load(q);
      const g1 = v128.load(q, 16);
      const g2 = v128.load(q, 32);
      const g3 = v128.load(q, 48);
      const p0 = f32x4.mul(expNormal(f32x4.sub(x0, shift)), factor);
      const p1 = f32x4.mul(expNormal(f32x4.sub(x1, shift)), factor);
      const p2 = f32x4.mul(expNormal(f32x4.sub(x2, shift)), factor);
      const p3 = f32x4.mul(expNormal(f32x4.sub(x3, shift)), factor);
      s0 = f32x4.add(s0, f32x4.mul(p0, g0));
      s1 = f32x4.add(s1, f32x4.mul(p1, g1));
      s2 = f32x4.add(s2, f32x4.mul(p2, g2));
      s3 = f32x4.add(s3, f32x4.mul(p3, g3));
      v128.store(p, p0);
      v128.store(p, p1, 16);
      v128.store(p, p2, 32);
      v128.store(p, p3, 48);
    }
    const mean = f32x4.splat(sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))));
    for (let p = scores; p < scores + width; p += 64) {
      const q = p + offset;
      const p0 = v128.load(p);
      const p1 = v128.load(p, 16);
      const p2 = v128.load(p, 32);
      const p3 = v128.load(p, 48);
      const g0 = v128.load(q);
      const g1 = v128.load(q, 16);
      const g2 = v128.load(q, 32);
      const g3 = v128.load(q, 48);
      const d0 = f32x4.mul(p0, f32x4.sub(g0, mean));
      const d1 = f32x4.mul(p1, f32x4.sub(g1, mean));
      const d2 = f32x4.mul(p2, f32x4.sub(g2, mean));
      const d3 = f32x4.mul(p3, f32x4.sub(g3, mean));
      v128.store(q, d0);
      v128.store(q, d1, 16);
      v128.store(q, d2, 32);
      v128.store(q, d3, 48);
    }
  }
}
