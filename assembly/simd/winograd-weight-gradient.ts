// Weight gradient of Winograd's F(4x4, 3x3): dg = G^T [sum over tiles of (B^T d B) . (A dy A^T)] G. Of each of the 36 places the sum runs
// over the tiles in order, in blocks of BLOCK; blocks are added in order. Channels are multiples of 16.

import { aligned, zero } from "./pack";
import { addProduct, product } from "./product";
import { filterGradient } from "./winograd-transform";
import { gradientTiles, inputTiles, planeBytes, roomBytes, tilesOf } from "./winograd-tiles";

const BLOCK: i32 = 64;

/** dfilter[i,j,c,k] = sum of x[n, h - 1 + i, w - 1 + j, c] dy[n,h,w,k]. */
export function conv2d_winograd_weight_gradient_f32(
  x: usize,
  dy: usize,
  dfilter: usize,
  scratch: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  k: i32,
): void {
  const tiles = n * tilesOf(h) * tilesOf(w);
  const tap = (<usize>(c * k)) << 2;
  if (tiles <= 0) {
    zero(dfilter, 9 * tap);
    return;
  }
  const block = min(BLOCK, tiles);
  const room = aligned(scratch);
  const v = room + roomBytes(max(c, k));
  const vPlane = planeBytes(block * c);
  const g = v + 36 * vPlane;
  const gPlane = planeBytes(block * k);
  const u = g + 36 * gPlane;
  const uPlane = planeBytes(c * k);
  const pixel = (<usize>c) << 2;
  const yPixel = (<usize>k) << 2;
  for (let tile = 0; tile < tiles; tile += block) {
    const count = min(block, tiles - tile);
    inputTiles(x, v, vPlane, room, tile, count, h, w, c);
    gradientTiles(dy, g, gPlane, room, tile, count, h, w, k);
    for (let place: usize = 0; place < 36; ++place) {
      const a = v + place * vPlane;
      const b = g + place * gPlane;
      const to = u + place * uPlane;
      for (let j: usize = 0; j < yPixel; j += 64) {
        if (tile == 0) product(a, 4, pixel, b + j, yPixel, to + j, yPixel, c, count);
        else addProduct(a, 4, pixel, b + j, yPixel, to + j, yPixel, c, count);
      }
    }
  }
  for (let at: usize = 0; at < tap; at += 32) {
    for (let i: usize = 0; i < 6; ++i) filterGradient(u + at + 6 * i * uPlane, uPlane, room + 3 * i * pixel, pixel);
    for (let j: usize = 0; j < 3; ++j) filterGradient(room + j * pixel, 3 * pixel, dfilter + at + j * tap, 3 * tap);
  }
}
