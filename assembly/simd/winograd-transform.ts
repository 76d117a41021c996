// The one-dimensional transforms of Winograd's F(4x4, 3x3) with the points 0, 1, -1, 2, -2 and infinity (Lavin and Gray 2016): each
// maps vectors of 8 channels, fromStep bytes apart, to others, toStep bytes apart. Applied to rows and then to columns they make the
// two-dimensional ones. The vectors of a pair are loaded, changed and stored together, which lets V8 join them to 256 bits.
//   input      B^T: 6 to 6      output  A^T: 6 to 4      filter  G: 3 to 6
//   gradient   A:   4 to 6      filter gradient  G^T: 6 to 3

// Vector literals would be built anew at each use.
const CONSTANTS = memory.data<f32>([4, 2, 8, 1.0 / 6.0, 1.0 / 12.0, 1.0 / 24.0, 0.25], 16);

/** B^T d. Without `left` the first, without `right` the last input is 0. */
// @ts-ignore: decorator
@inline
export function input(from: usize, fromStep: usize, to: usize, toStep: usize, left: bool, right: bool): void {
  const four = v128.load32_splat(CONSTANTS, 0);
  const two = v128.load32_splat(CONSTANTS, 4);
  const d0a = left ? v128.load(from) : f32x4.splat(0);
  const d0b = left ? v128.load(from, 16) : f32x4.splat(0);
  const d1a = v128.load(from + fromStep);
  const d1b = v128.load(from + fromStep, 16);
  const d2a = v128.load(from + 2 * fromStep);
  const d2b = v128.load(from + 2 * fromStep, 16);
  const d3a = v128.load(from + 3 * fromStep);
  const d3b = v128.load(from + 3 * fromStep, 16);
  const d4a = v128.load(from + 4 * fromStep);
  const d4b = v128.load(from + 4 * fromStep, 16);
  const d5a = right ? v128.load(from + 5 * fromStep) : f32x4.splat(0);
  const d5b = right ? v128.load(from + 5 * fromStep, 16) : f32x4.splat(0);
  const ta = f32x4.sub(d4a, d2a);
  const tb = f32x4.sub(d4b, d2b);
  const ua = f32x4.sub(d3a, d1a);
  const ub = f32x4.sub(d3b, d1b);
  const wa = f32x4.mul(ua, two);
  const wb = f32x4.mul(ub, two);
  const ea = f32x4.sub(d4a, f32x4.mul(d2a, four));
  const eb = f32x4.sub(d4b, f32x4.mul(d2b, four));
  const oa = f32x4.sub(d3a, f32x4.mul(d1a, four));
  const ob = f32x4.sub(d3b, f32x4.mul(d1b, four));
  const v0a = f32x4.add(f32x4.mul(f32x4.sub(d0a, d2a), four), ta);
  const v0b = f32x4.add(f32x4.mul(f32x4.sub(d0b, d2b), four), tb);
  v128.store(to, v0a);
  v128.store(to, v0b, 16);
  const v1a = f32x4.add(ea, oa);
  const v1b = f32x4.add(eb, ob);
  v128.store(to + toStep, v1a);
  v128.store(to + toStep, v1b, 16);
  const v2a = f32x4.sub(ea, oa);
  const v2b = f32x4.sub(eb, ob);
  v128.store(to + 2 * toStep, v2a);
  v128.store(to + 2 * toStep, v2b, 16);
  const v3a = f32x4.add(ta, wa);
  const v3b = f32x4.add(tb, wb);
  v128.store(to + 3 * toStep, v3a);
  v128.store(to + 3 * toStep, v3b, 16);
  const v4a = f32x4.sub(ta, wa);
  const v4b = f32x4.sub(tb, wb);
  v128.store(to + 4 * toStep, v4a);
  v128.store(to + 4 * toStep, v4b, 16);
  const v5a = f32x4.sub(f32x4.sub(d5a, d3a), f32x4.mul(wa, two));
  const v5b = f32x4.sub(f32x4.sub(d5b, d3b), f32x4.mul(wb, two));
  v128.store(to + 5 * toStep, v5a);
  v128.store(to + 5 * toStep, v5b, 16);
}

/** A^T m. */
// @ts-ignore: decorator
@inline
export function output(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const four = v128.load32_splat(CONSTANTS, 0);
  const two = v128.load32_splat(CONSTANTS, 4);
  const eight = v128.load32_splat(CONSTANTS, 8);
  const d0a = v128.load(from);
  const d0b = v128.load(from, 16);
  const d1a = v128.load(from + fromStep);
  const d1b = v128.load(from + fromStep, 16);
  const d2a = v128.load(from + 2 * fromStep);
  const d2b = v128.load(from + 2 * fromStep, 16);
  const d3a = v128.load(from + 3 * fromStep);
  const d3b = v128.load(from + 3 * fromStep, 16);
  const d4a = v128.load(from + 4 * fromStep);
  const d4b = v128.load(from + 4 * fromStep, 16);
  const d5a = v128.load(from + 5 * fromStep);
  const d5b = v128.load(from + 5 * fromStep, 16);
  const sa = f32x4.add(d1a, d2a);
  const sb = f32x4.add(d1b, d2b);
  const ta = f32x4.sub(d1a, d2a);
  const tb = f32x4.sub(d1b, d2b);
  const ua = f32x4.add(d3a, d4a);
  const ub = f32x4.add(d3b, d4b);
  const wa = f32x4.sub(d3a, d4a);
  const wb = f32x4.sub(d3b, d4b);
  const v0a = f32x4.add(f32x4.add(d0a, sa), ua);
  const v0b = f32x4.add(f32x4.add(d0b, sb), ub);
  v128.store(to, v0a);
  v128.store(to, v0b, 16);
  const v1a = f32x4.add(ta, f32x4.mul(wa, two));
  const v1b = f32x4.add(tb, f32x4.mul(wb, two));
  v128.store(to + toStep, v1a);
  v128.store(to + toStep, v1b, 16);
  const v2a = f32x4.add(sa, f32x4.mul(ua, four));
  const v2b = f32x4.add(sb, f32x4.mul(ub, four));
  v128.store(to + 2 * toStep, v2a);
  v128.store(to + 2 * toStep, v2b, 16);
  const v3a = f32x4.add(f32x4.add(ta, f32x4.mul(wa, eight)), d5a);
  const v3b = f32x4.add(f32x4.add(tb, f32x4.mul(wb, eight)), d5b);
  v128.store(to + 3 * toStep, v3a);
  v128.store(to + 3 * toStep, v3b, 16);
}

/** A^T m, added to the vectors at `start`. */
// @ts-ignore: decorator
@inline
export function outputFrom(from: usize, fromStep: usize, to: usize, toStep: usize, start: usize): void {
  const four = v128.load32_splat(CONSTANTS, 0);
  const two = v128.load32_splat(CONSTANTS, 4);
  const eight = v128.load32_splat(CONSTANTS, 8);
  const d0a = v128.load(from);
  const d0b = v128.load(from, 16);
  const d1a = v128.load(from + fromStep);
  const d1b = v128.load(from + fromStep, 16);
  const d2a = v128.load(from + 2 * fromStep);
  const d2b = v128.load(from + 2 * fromStep, 16);
  const d3a = v128.load(from + 3 * fromStep);
  const d3b = v128.load(from + 3 * fromStep, 16);
  const d4a = v128.load(from + 4 * fromStep);
  const d4b = v128.load(from + 4 * fromStep, 16);
  const d5a = v128.load(from + 5 * fromStep);
  const d5b = v128.load(from + 5 * fromStep, 16);
  const starta = v128.load(start);
  const startb = v128.load(start, 16);
  const sa = f32x4.add(d1a, d2a);
  const sb = f32x4.add(d1b, d2b);
  const ta = f32x4.sub(d1a, d2a);
  const tb = f32x4.sub(d1b, d2b);
  const ua = f32x4.add(d3a, d4a);
  const ub = f32x4.add(d3b, d4b);
  const wa = f32x4.sub(d3a, d4a);
  const wb = f32x4.sub(d3b, d4b);
  const v0a = f32x4.add(f32x4.add(f32x4.add(d0a, sa), ua), starta);
  const v0b = f32x4.add(f32x4.add(f32x4.add(d0b, sb), ub), startb);
  v128.store(to, v0a);
  v128.store(to, v0b, 16);
  const v1a = f32x4.add(f32x4.add(ta, f32x4.mul(wa, two)), starta);
  const v1b = f32x4.add(f32x4.add(tb, f32x4.mul(wb, two)), startb);
  v128.store(to + toStep, v1a);
  v128.store(to + toStep, v1b, 16);
  const v2a = f32x4.add(f32x4.add(sa, f32x4.mul(ua, four)), starta);
  const v2b = f32x4.add(f32x4.add(sb, f32x4.mul(ub, four)), startb);
  v128.store(to + 2 * toStep, v2a);
  v128.store(to + 2 * toStep, v2b, 16);
  const v3a = f32x4.add(f32x4.add(f32x4.add(ta, f32x4.mul(wa, eight)), d5a), starta);
  const v3b = f32x4.add(f32x4.add(f32x4.add(tb, f32x4.mul(wb, eight)), d5b), startb);
  v128.store(to + 3 * toStep, v3a);
  v128.store(to + 3 * toStep, v3b, 16);
}

/** A y. */
// @ts-ignore: decorator
@inline
export function gradient(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const four = v128.load32_splat(CONSTANTS, 0);
  const two = v128.load32_splat(CONSTANTS, 4);
  const d0a = v128.load(from);
  const d0b = v128.load(from, 16);
  const d1a = v128.load(from + fromStep);
  const d1b = v128.load(from + fromStep, 16);
  const d2a = v128.load(from + 2 * fromStep);
  const d2b = v128.load(from + 2 * fromStep, 16);
  const d3a = v128.load(from + 3 * fromStep);
  const d3b = v128.load(from + 3 * fromStep, 16);
  const ea = f32x4.add(d0a, d2a);
  const eb = f32x4.add(d0b, d2b);
  const oa = f32x4.add(d1a, d3a);
  const ob = f32x4.add(d1b, d3b);
  const fa = f32x4.add(d0a, f32x4.mul(d2a, four));
  const fb = f32x4.add(d0b, f32x4.mul(d2b, four));
  const pa = f32x4.mul(f32x4.add(d1a, f32x4.mul(d3a, four)), two);
  const pb = f32x4.mul(f32x4.add(d1b, f32x4.mul(d3b, four)), two);
  const v0a = d0a;
  const v0b = d0b;
  v128.store(to, v0a);
  v128.store(to, v0b, 16);
  const v1a = f32x4.add(ea, oa);
  const v1b = f32x4.add(eb, ob);
  v128.store(to + toStep, v1a);
  v128.store(to + toStep, v1b, 16);
  const v2a = f32x4.sub(ea, oa);
  const v2b = f32x4.sub(eb, ob);
  v128.store(to + 2 * toStep, v2a);
  v128.store(to + 2 * toStep, v2b, 16);
  const v3a = f32x4.add(fa, pa);
  const v3b = f32x4.add(fb, pb);
  v128.store(to + 3 * toStep, v3a);
  v128.store(to + 3 * toStep, v3b, 16);
  const v4a = f32x4.sub(fa, pa);
  const v4b = f32x4.sub(fb, pb);
  v128.store(to + 4 * toStep, v4a);
  v128.store(to + 4 * toStep, v4b, 16);
  const v5a = d3a;
  const v5b = d3b;
  v128.store(to + 5 * toStep, v5a);
  v128.store(to + 5 * toStep, v5b, 16);
}

/** G g. */
// @ts-ignore: decorator
@inline
export function filter(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const sixth = v128.load32_splat(CONSTANTS, 12);
  const twelfth = v128.load32_splat(CONSTANTS, 16);
  const twentyFourth = v128.load32_splat(CONSTANTS, 20);
  const quarter = v128.load32_splat(CONSTANTS, 24);
  const d0a = v128.load(from);
  const d0b = v128.load(from, 16);
  const d1a = v128.load(from + fromStep);
  const d1b = v128.load(from + fromStep, 16);
  const d2a = v128.load(from + 2 * fromStep);
  const d2b = v128.load(from + 2 * fromStep, 16);
  const ea = f32x4.mul(f32x4.add(d0a, d2a), sixth);
  const eb = f32x4.mul(f32x4.add(d0b, d2b), sixth);
  const oa = f32x4.mul(d1a, sixth);
  const ob = f32x4.mul(d1b, sixth);
  const fa = f32x4.add(f32x4.mul(d0a, twentyFourth), f32x4.mul(d2a, sixth));
  const fb = f32x4.add(f32x4.mul(d0b, twentyFourth), f32x4.mul(d2b, sixth));
  const pa = f32x4.mul(d1a, twelfth);
  const pb = f32x4.mul(d1b, twelfth);
  const v0a = f32x4.mul(d0a, quarter);
  const v0b = f32x4.mul(d0b, quarter);
  v128.store(to, v0a);
  v128.store(to, v0b, 16);
  const v1a = f32x4.neg(f32x4.add(ea, oa));
  const v1b = f32x4.neg(f32x4.add(eb, ob));
  v128.store(to + toStep, v1a);
  v128.store(to + toStep, v1b, 16);
  const v2a = f32x4.sub(oa, ea);
  const v2b = f32x4.sub(ob, eb);
  v128.store(to + 2 * toStep, v2a);
  v128.store(to + 2 * toStep, v2b, 16);
  const v3a = f32x4.add(fa, pa);
  const v3b = f32x4.add(fb, pb);
  v128.store(to + 3 * toStep, v3a);
  v128.store(to + 3 * toStep, v3b, 16);
  const v4a = f32x4.sub(fa, pa);
  const v4b = f32x4.sub(fb, pb);
  v128.store(to + 4 * toStep, v4a);
  v128.store(to + 4 * toStep, v4b, 16);
  const v5a = d2a;
  const v5b = d2b;
  v128.store(to + 5 * toStep, v5a);
  v128.store(to + 5 * toStep, v5b, 16);
}

/** G^T u. */
// @ts-ignore: decorator
@inline
export function filterGradient(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const sixth = v128.load32_splat(CONSTANTS, 12);
  const twelfth = v128.load32_splat(CONSTANTS, 16);
  const twentyFourth = v128.load32_splat(CONSTANTS, 20);
  const quarter = v128.load32_splat(CONSTANTS, 24);
  const d0a = v128.load(from);
  const d0b = v128.load(from, 16);
  const d1a = v128.load(from + fromStep);
  const d1b = v128.load(from + fromStep, 16);
  const d2a = v128.load(from + 2 * fromStep);
  const d2b = v128.load(from + 2 * fromStep, 16);
  const d3a = v128.load(from + 3 * fromStep);
  const d3b = v128.load(from + 3 * fromStep, 16);
  const d4a = v128.load(from + 4 * fromStep);
  const d4b = v128.load(from + 4 * fromStep, 16);
  const d5a = v128.load(from + 5 * fromStep);
  const d5b = v128.load(from + 5 * fromStep, 16);
  const sa = f32x4.mul(f32x4.add(d1a, d2a), sixth);
  const sb = f32x4.mul(f32x4.add(d1b, d2b), sixth);
  const ta = f32x4.sub(d2a, d1a);
  const tb = f32x4.sub(d2b, d1b);
  const ua = f32x4.add(d3a, d4a);
  const ub = f32x4.add(d3b, d4b);
  const wa = f32x4.sub(d3a, d4a);
  const wb = f32x4.sub(d3b, d4b);
  const v0a = f32x4.add(f32x4.sub(f32x4.mul(d0a, quarter), sa), f32x4.mul(ua, twentyFourth));
  const v0b = f32x4.add(f32x4.sub(f32x4.mul(d0b, quarter), sb), f32x4.mul(ub, twentyFourth));
  v128.store(to, v0a);
  v128.store(to, v0b, 16);
  const v1a = f32x4.add(f32x4.mul(ta, sixth), f32x4.mul(wa, twelfth));
  const v1b = f32x4.add(f32x4.mul(tb, sixth), f32x4.mul(wb, twelfth));
  v128.store(to + toStep, v1a);
  v128.store(to + toStep, v1b, 16);
  const v2a = f32x4.add(f32x4.sub(f32x4.mul(ua, sixth), sa), d5a);
  const v2b = f32x4.add(f32x4.sub(f32x4.mul(ub, sixth), sb), d5b);
  v128.store(to + 2 * toStep, v2a);
  v128.store(to + 2 * toStep, v2b, 16);
}
