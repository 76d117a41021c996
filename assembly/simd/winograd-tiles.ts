// Tiles of Winograd's F(4x4, 3x3): 6x6 inputs and 4x4 outputs of a 3x3 filter with stride 1 and a border of 1, numbered image by
// image, row by row. A transformed tile has 36 places, each a plane [tile, channel] of its own. What a border tile would read
// outside the image is 0, what it would write there is dropped.

import { copyFloats } from "./pack";
import { gradient, input, output, outputFrom } from "./winograd-transform";

/** Bytes of working memory for `channels` channels: a tile after its first transform, and one that reaches over the border. */
export function roomBytes(channels: i32): usize {
  return <usize>channels * 288;
}

/** Bytes from plane to plane. Planes a power of two apart would fall on the same cache lines. */
export function planeBytes(floats: i32): usize {
  return ((<usize>floats) << 2) + 192;
}

/** Tiles that cover a length. */
export function tilesOf(length: i32): i32 {
  return (length + 3) >> 2;
}

/**
 * Reads a float of every cache line of the rows that `count` tiles from number `tile` on lie in: the order of memory suits the hardware's
 * prefetcher, that of tiles does not. The sum of what was read goes to `room`, so that no compiler leaves it out.
 */
function touch(images: usize, room: usize, tile: i32, count: i32, h: i32, w: i32, pixel: usize): void {
  const columns = tilesOf(w);
  const perImage = tilesOf(h) * columns;
  const last = tile + count - 1;
  const row = <usize>w * pixel;
  const from = images + <usize>((tile / perImage) * h + (((tile % perImage) / columns) << 2)) * row;
  const to = images + <usize>((last / perImage) * h + min(h, (((last % perImage) / columns) << 2) + 4)) * row;
  let sum: f32 = 0;
  for (let at = from; at < to; at += 64) sum += load<f32>(at);
  store<f32>(room, sum);
}

/** B^T d B of the rows `first` to `last` - 1 of a tile at `from`; the others are 0 in `room` already. */
// @ts-ignore: decorator
@inline
function inputTile(
  from: usize,
  row: usize,
  pixel: usize,
  first: i32,
  last: i32,
  to: usize,
  plane: usize,
  room: usize,
  left: bool,
  right: bool,
): void {
  const line = pixel * 6;
  for (let at: usize = 0; at < pixel; at += 32) {
    for (let i = first; i < last; ++i) input(from + at + <usize>i * row, pixel, room + at + <usize>i * line, pixel, left, right);
    for (let j: usize = 0; j < 6; ++j) input(room + at + j * pixel, line, to + at + j * plane, 6 * plane, true, true);
  }
}

function insideTile(from: usize, row: usize, pixel: usize, first: i32, last: i32, to: usize, plane: usize, room: usize): void {
  inputTile(from, row, pixel, first, last, to, plane, room, true, true);
}

function leftTile(from: usize, row: usize, pixel: usize, first: i32, last: i32, to: usize, plane: usize, room: usize): void {
  inputTile(from, row, pixel, first, last, to, plane, room, false, true);
}

function rightTile(from: usize, row: usize, pixel: usize, first: i32, last: i32, to: usize, plane: usize, room: usize): void {
  inputTile(from, row, pixel, first, last, to, plane, room, true, false);
}

function loneTile(from: usize, row: usize, pixel: usize, first: i32, last: i32, to: usize, plane: usize, room: usize): void {
  inputTile(from, row, pixel, first, last, to, plane, room, false, false);
}

/** Copies the pixels of a tile of `size` x `size` that lie in the image to `to`, zeros elsewhere. */
function gather(to: usize, image: usize, top: i32, left: i32, size: i32, h: i32, w: i32, pixel: usize): void {
  memory.fill(to, 0, <usize>(size * size) * pixel);
  const first = max(0, -left);
  const width = <usize>(min(size, w - left) - first) * pixel;
  for (let i = max(0, -top); i < size && top + i < h; ++i) {
    copyFloats(to + <usize>(i * size + first) * pixel, image + <usize>((top + i) * w + left + first) * pixel, width);
  }
}

/** V = B^T d B of `count` tiles from number `tile` on, into planes at v. */
export function inputTiles(x: usize, v: usize, plane: usize, room: usize, tile: i32, count: i32, h: i32, w: i32, c: i32): void {
  const rows = tilesOf(h);
  const columns = tilesOf(w);
  const pixel = (<usize>c) << 2;
  const row = <usize>w * pixel;
  const line = pixel * 6;
  const spare = room + line * 6;
  const image = <usize>h * row;
  touch(x, room, tile, count, h, w, pixel);
  for (let t = tile; t < tile + count; ++t, v += pixel) {
    const base = x + <usize>(t / (rows * columns)) * image;
    const top = (((t / columns) % rows) << 2) - 1;
    const left = ((t % columns) << 2) - 1;
    if (left + 5 > w) {
      gather(spare, base, top, left, 6, h, w, pixel);
      insideTile(spare, line, pixel, 0, 6, v, plane, room);
      continue;
    }
    const first = top < 0 ? 1 : 0;
    const last = min(6, h - top);
    if (first > 0) memory.fill(room, 0, line);
    if (last < 6) memory.fill(room + <usize>last * line, 0, <usize>(6 - last) * line);
    const from = base + <usize>(top * w + left) * pixel;
    if (left < 0) {
      if (left + 5 < w) leftTile(from, row, pixel, first, last, v, plane, room);
      else loneTile(from, row, pixel, first, last, v, plane, room);
    } else {
      if (left + 5 < w) insideTile(from, row, pixel, first, last, v, plane, room);
      else rightTile(from, row, pixel, first, last, v, plane, room);
    }
  }
}

/** A^T m A to a whole tile of pixels at `to`, with `bias` or without (0). */
// @ts-ignore: decorator
@inline
function outputTile(m: usize, plane: usize, room: usize, to: usize, row: usize, pixel: usize, bias: usize, isBiased: bool): void {
  const line = pixel * 4;
  for (let at: usize = 0; at < pixel; at += 32) {
    for (let i: usize = 0; i < 6; ++i) output(m + at + 6 * i * plane, plane, room + at + i * line, pixel);
    for (let j: usize = 0; j < 4; ++j) {
      if (isBiased) outputFrom(room + at + j * pixel, line, to + at + j * pixel, row, bias + at);
      else output(room + at + j * pixel, line, to + at + j * pixel, row);
    }
  }
}

function plainTile(m: usize, plane: usize, room: usize, to: usize, row: usize, pixel: usize): void {
  outputTile(m, plane, room, to, row, pixel, 0, false);
}

function biasedTile(m: usize, plane: usize, room: usize, to: usize, row: usize, pixel: usize, bias: usize): void {
  outputTile(m, plane, room, to, row, pixel, bias, true);
}

/** y = A^T m A + bias of `count` tiles from number `tile` on, from planes at m. */
export function outputTiles(
  m: usize,
  plane: usize,
  bias: usize,
  y: usize,
  room: usize,
  tile: i32,
  count: i32,
  h: i32,
  w: i32,
  k: i32,
): void {
  const rows = tilesOf(h);
  const columns = tilesOf(w);
  const pixel = (<usize>k) << 2;
  const image = <usize>(h * w) * pixel;
  const spare = room + pixel * 36;
  touch(y, room, tile, count, h, w, pixel);
  for (let t = tile; t < tile + count; ++t, m += pixel) {
    const top = ((t / columns) % rows) << 2;
    const left = (t % columns) << 2;
    const place = y + <usize>(t / (rows * columns)) * image + <usize>(top * w + left) * pixel;
    const isWhole = top + 4 <= h && left + 4 <= w;
    const to = isWhole ? place : spare;
    const row = isWhole ? <usize>w * pixel : 4 * pixel;
    if (bias) biasedTile(m, plane, room, to, row, pixel, bias);
    else plainTile(m, plane, room, to, row, pixel);
    if (isWhole) continue;
    const width = <usize>min(4, w - left) * pixel;
    for (let i = 0; i < 4 && top + i < h; ++i) copyFloats(place + <usize>(i * w) * pixel, to + <usize>i * row, width);
  }
}

function gradientTile(from: usize, row: usize, pixel: usize, to: usize, plane: usize, room: usize): void {
  const line = pixel * 6;
  for (let at: usize = 0; at < pixel; at += 32) {
    for (let i: usize = 0; i < 4; ++i) gradient(from + at + i * row, pixel, room + at + i * line, pixel);
    for (let j: usize = 0; j < 6; ++j) gradient(room + at + j * pixel, line, to + at + j * plane, 6 * plane);
  }
}

/** A dy A^T of `count` tiles from number `tile` on, into planes at g. */
export function gradientTiles(dy: usize, g: usize, plane: usize, room: usize, tile: i32, count: i32, h: i32, w: i32, k: i32): void {
  const rows = tilesOf(h);
  const columns = tilesOf(w);
  const pixel = (<usize>k) << 2;
  const image = <usize>(h * w) * pixel;
  const spare = room + pixel * 36;
  touch(dy, room, tile, count, h, w, pixel);
  for (let t = tile; t < tile + count; ++t, g += pixel) {
    const base = dy + <usize>(t / (rows * columns)) * image;
    const top = ((t / columns) % rows) << 2;
    const left = (t % columns) << 2;
    if (top + 4 <= h && left + 4 <= w) {
      gradientTile(base + <usize>(top * w + left) * pixel, <usize>w * pixel, pixel, g, plane, room);
    } else {
      gather(spare, base, top, left, 4, h, w, pixel);
      gradientTile(spare, 4 * pixel, pixel, g, plane, room);
    }
  }
}
