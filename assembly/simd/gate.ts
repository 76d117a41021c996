// A gate between a stream x and a branch f, g = sigmoid(z): y = x + g (f - x), or y = (x - g x) + f where the stream alone is gated. A strip at
// a time, so that what the sigmoid leaves in the cache is found there. Roundings are those of a pass for each operation.
import { sigmoid_backward_f32, sigmoid_f32 } from "./activation";
import { loadUpTo, storeUpTo } from "./lanes";

const STRIP: i32 = 1024;

export function gate_f32(z: usize, x: usize, f: usize, g: usize, y: usize, length: i32, exclusive: i32): void {
  for (let left = length; left > 0; left -= STRIP, z += STRIP << 2) {
    const count = min(left, STRIP);
    sigmoid_f32(z, g, count);
    for (let i = count; i > 0; i -= 4, x += 16, f += 16, g += 16, y += 16) {
      const stream = loadUpTo(x, i);
      const branch = loadUpTo(f, i);
      const gate = loadUpTo(g, i);
      if (exclusive) storeUpTo(y, f32x4.add(stream, f32x4.mul(gate, f32x4.sub(branch, stream))), i);
      else storeUpTo(y, f32x4.add(f32x4.sub(stream, f32x4.mul(gate, stream)), branch), i);
    }
  }
}

export function gate_backward_f32(
  g: usize,
  x: usize,
  f: usize,
  dy: usize,
  dz: usize,
  dx: usize,
  df: usize,
  length: i32,
  exclusive: i32,
): void {
  const zero = f32x4.splat(0);
  for (let left = length; left > 0; left -= STRIP) {
    const count = min(left, STRIP);
    const gates = g;
    const slopes = dz;
    for (let i = count; i > 0; i -= 4, x += 16, f += 16, g += 16, dy += 16, dz += 16, dx += 16, df += 16) {
      const stream = loadUpTo(x, i);
      const gate = loadUpTo(g, i);
      const gradient = loadUpTo(dy, i);
      if (exclusive) {
        const through = f32x4.mul(gradient, gate);
        storeUpTo(dz, f32x4.mul(gradient, f32x4.sub(loadUpTo(f, i), stream)), i);
        storeUpTo(df, through, i);
        storeUpTo(dx, f32x4.add(gradient, f32x4.add(f32x4.neg(through), zero)), i);
      } else {
        const taken = f32x4.add(f32x4.neg(gradient), zero);
        storeUpTo(dz, f32x4.mul(taken, stream), i);
        storeUpTo(df, gradient, i);
        storeUpTo(dx, f32x4.add(gradient, f32x4.mul(taken, gate)), i);
      }
    }
    sigmoid_backward_f32(gates, slopes, slopes, count);
  }
}
