// Convolution with 3x3 filters, stride 1 and a border of 1 by Winograd's F(4x4, 3x3): Y = A^T [(G g G^T) . (B^T d B)] A, a quarter
// of the products of a direct convolution. Of each of the 36 places of a tile the sum runs over the input channels in order, so
// that a tile's result depends on its own 6x6 inputs only. Channels are multiples of 16.

import { aligned, packColumns } from "./pack";
import { product } from "./product";
import { filter as transformFilter } from "./winograd-transform";
import { inputTiles, outputTiles, planeBytes, roomBytes, tilesOf } from "./winograd-tiles";

export * from "./winograd-weight-gradient";

/** Tiles that are worked on together; no part of a result. */
function blockOf(c: i32, k: i32): i32 {
  return max(c, k) <= 16 ? 64 : 32;
}

/** U = G g G^T of a filter [3,3,c,k], 36 planes of panels [k / 16][c][16]. */
function filterPlanes(u: usize, plane: usize, filter: usize, room: usize, c: i32, k: i32): void {
  const step = (<usize>k) << 2;
  const tap = (<usize>(c * k)) << 2;
  for (let ci = 0; ci < c; ++ci) {
    for (let j = 0; j < k; j += 8) {
      const from = filter + ((<usize>(ci * k + j)) << 2);
      const to = u + ((<usize>((j >> 4) * (c << 4) + (ci << 4) + (j & 15))) << 2);
      for (let i: usize = 0; i < 3; ++i) transformFilter(from + 3 * i * tap, tap, room + 6 * i * step, step);
      for (let i: usize = 0; i < 6; ++i) transformFilter(room + i * step, 6 * step, to + i * plane, 6 * plane);
    }
  }
}

/** y = bias + x convolved with the filter of U. */
function convolve(x: usize, u: usize, uPlane: usize, bias: usize, y: usize, rest: usize, n: i32, h: i32, w: i32, c: i32, k: i32): void {
  const block = blockOf(c, k);
  const room = rest;
  const v = room + roomBytes(max(c, k));
  const vPlane = planeBytes(block * c);
  const m = v + 36 * vPlane;
  const mPlane = planeBytes(block * k);
  const tiles = n * tilesOf(h) * tilesOf(w);
  const panel = (<usize>c) << 6;
  for (let tile = 0; tile < tiles; tile += block) {
    const count = min(block, tiles - tile);
    inputTiles(x, v, vPlane, room, tile, count, h, w, c);
    // Whole tiles of the product: rows behind the last are computed and never read.
    const rows = (count + 3) & ~3;
    for (let place: usize = 0; place < 36; ++place) {
      const a = v + place * vPlane;
      const b = u + place * uPlane;
      const to = m + place * mPlane;
      for (let j: usize = 0; j < <usize>k; j += 16) {
        product(a, (<usize>c) << 2, 4, b + (j >> 4) * panel, 64, to + (j << 2), (<usize>k) << 2, rows, c);
      }
    }
    outputTiles(m, mPlane, bias, y, room, tile, count, h, w, k);
  }
}

/** y[n,h,w,k] = bias[k] + sum of x[n, h - 1 + i, w - 1 + j, c] filter[i,j,c,k]. */
export function conv2d_winograd_f32(
  x: usize,
  filter: usize,
  bias: usize,
  y: usize,
  scratch: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  k: i32,
): void {
  const room = aligned(scratch);
  const u = room + roomBytes(k);
  const plane = planeBytes(c * k);
  filterPlanes(u, plane, filter, room, c, k);
  convolve(x, u, plane, bias, y, u + 36 * plane, n, h, w, c, k);
}

/** dx[n,h,w,c] = sum of dy[n, h + 1 - i, w + 1 - j, k] filter[i,j,c,k]: a convolution with the filter turned around and transposed. */
export function conv2d_winograd_input_gradient_f32(
  dy: usize,
  filter: usize,
  dx: usize,
  scratch: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  k: i32,
): void {
  const room = aligned(scratch);
  const turned = room + roomBytes(c);
  const tap = (<usize>(c * k)) << 2;
  const u = turned + 9 * tap;
  const plane = planeBytes(c * k);
  turn(turned, u, filter, c, k);
  filterPlanes(u, plane, turned, room, k, c);
  convolve(dy, u, plane, 0, dx, u + 36 * plane, n, h, w, k, c);
}

/** to[2 - i, 2 - j, k, c] = filter[i, j, c, k]. */
function turn(to: usize, panel: usize, filter: usize, c: i32, k: i32): void {
  const tap = (<usize>(c * k)) << 2;
  const row = (<usize>k) << 2;
  for (let i: usize = 0; i < 9; ++i) {
    const from = filter + (8 - i) * tap;
    for (let j = 0; j < c; j += 16) {
      packColumns(panel, from + <usize>j * row, k, 16, row);
      for (let l: usize = 0; l < <usize>k; ++l) {
        memory.copy(to + i * tap + ((l * <usize>c + <usize>j) << 2), panel + (l << 6), 64);
      }
    }
  }
}
