// Calibration: the ceiling of multiply-adds on vectors of four floats, in registers, and that of copies.

import { madd } from "./lanes";

/**
 * 96 floating-point operations an iteration: 12 chains v = v x + y of four lanes each. x and y are the 8 floats at `buffer`, where the sum
 * of the chains ends up; they come from memory because V8 builds literal vectors anew at each use.
 */
export function calibrate_f32(buffer: usize, iterations: i32): void {
  const x = v128.load(buffer);
  const y = v128.load(buffer, 16);
  let v0 = x;
  let v1 = x;
  let v2 = x;
  let v3 = x;
  let v4 = x;
  let v5 = x;
  let v6 = x;
  let v7 = x;
  let v8 = x;
  let v9 = x;
  let v10 = x;
  let v11 = x;
  for (let i = 0; i < iterations; ++i) {
    v0 = madd(v0, x, y);
    v1 = madd(v1, x, y);
    v2 = madd(v2, x, y);
    v3 = madd(v3, x, y);
    v4 = madd(v4, x, y);
    v5 = madd(v5, x, y);
    v6 = madd(v6, x, y);
    v7 = madd(v7, x, y);
    v8 = madd(v8, x, y);
    v9 = madd(v9, x, y);
    v10 = madd(v10, x, y);
    v11 = madd(v11, x, y);
  }
  const left = f32x4.add(f32x4.add(f32x4.add(v0, v1), v2), f32x4.add(f32x4.add(v3, v4), v5));
  const right = f32x4.add(f32x4.add(f32x4.add(v6, v7), v8), f32x4.add(f32x4.add(v9, v10), v11));
  v128.store(buffer, f32x4.add(left, right));
}

/** Copies `bytes` from one place to another, `times` times over: what the cache level or memory that holds both can move at best. */
export function calibrate_copy_f32(from: usize, to: usize, bytes: usize, times: i32): void {
  for (let i = 0; i < times; ++i) memory.copy(to, from, bytes);
}
