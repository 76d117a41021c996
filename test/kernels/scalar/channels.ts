// Sums of a channel over the rows of channels-last data, as assembly/simd/channel-sums.ts: rows in blocks of 64, float32 in a block, float64
// between blocks; and the map that their gradients end in.
import { f, madd } from "./scalar.ts";

const BLOCK = 64;

/** Rows of one channel: the value of row i. */
export type Column = (i: number) => number;

export function column(x: Float32Array, first: number, c: number, j: number): Column {
  return (i) => x[(first + i) * c + j];
}

/** (sum, sum of squares): even and odd rows apart, about the first block's mean, then about the mean of the block before. */
export function rawMoments(at: Column, rows: number): readonly [number, number] {
  let sums = 0;
  let squares = 0;
  let shift = 0;
  const first = Math.min(BLOCK, rows);
  for (let i = 0; i < first; i++) shift = f(shift + at(i));
  if (rows > 0) shift = f(shift / first);
  for (let from = 0; from < rows; from += BLOCK) {
    const count = Math.min(BLOCK, rows - from);
    const part = [0, 0];
    const square = [0, 0];
    for (let i = 0; i < count; i++) {
      const d = f(at(from + i) - shift);
      part[i % 2] = f(part[i % 2] + d);
      square[i % 2] = madd(d, d, square[i % 2]);
    }
    const deviation = f(part[0] + part[1]);
    const total = count * shift;
    sums += total + deviation;
    squares += f(square[0] + square[1]) + shift * (total + (deviation + deviation));
    shift = f(shift + f(deviation / count));
  }
  return [sums, squares];
}

/** (sum of dz, sum of dz (x - center)). */
export function products(at: Column, dz: Column, rows: number, center: number): readonly [number, number] {
  let sums = 0;
  let all = 0;
  for (let from = 0; from < rows; from += BLOCK) {
    let sum = 0;
    let product = 0;
    for (let i = from; i < Math.min(rows, from + BLOCK); i++) {
      sum = f(sum + dz(i));
      product = madd(dz(i), f(at(i) - center), product);
    }
    sums += sum;
    all += product;
  }
  return [sums, all];
}

/** dz * scale + ((x - mean) * slope + offset). */
export function backwardOf(dz: number, x: number, mean: number, scale: number, slope: number, offset: number): number {
  return madd(dz, scale, madd(f(x - mean), slope, offset));
}
