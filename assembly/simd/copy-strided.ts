// Copies between any two strided layouts of up to six axes: transposes, broadcasts, flips, slices. Axes of size 1 go, neighbors
// that are one axis in both layouts merge, and the two innermost loops become a row copy, a row fill or 4 by 4 transposes.

/** Axis i of the table in scratch memory: size, stride in x and stride in y (in elements), and the odometer's digit. */
// @ts-ignore: decorator
@inline
function axis(table: usize, i: i32): usize {
  return table + ((<usize>i) << 4);
}

/** Appends an axis, or merges it into the last one where both layouts step through the two as through one. */
function append(table: usize, count: i32, size: i32, x: i32, y: i32): i32 {
  if (size == 1) return count;
  if (count > 0) {
    const last = axis(table, count - 1);
    if (load<i32>(last, 4) == size * x && load<i32>(last, 8) == size * y) {
      store<i32>(last, load<i32>(last) * size);
      store<i32>(last, x, 4);
      store<i32>(last, y, 8);
      return count;
    }
  }
  const next = axis(table, count);
  store<i32>(next, size);
  store<i32>(next, x, 4);
  store<i32>(next, y, 8);
  store<i32>(next, 0, 12);
  return count + 1;
}

/** Moves axis i to the end; the order of the others stays. */
function moveLast(table: usize, count: i32, i: i32): void {
  for (; i + 1 < count; i++) {
    const here = v128.load(axis(table, i));
    v128.store(axis(table, i), v128.load(axis(table, i + 1)));
    v128.store(axis(table, i + 1), here);
  }
}

/** The last axis with this stride (4: in x, 8: in y), or -1. */
function find(table: usize, count: i32, which: usize, stride: i32): i32 {
  let i = count - 1;
  while (i >= 0 && load<i32>(axis(table, i) + which) != stride) i--;
  return i;
}

function copyRow(x: usize, y: usize, n: i32): void {
  if (n >= 256) {
    memory.copy(y, x, (<usize>n) << 2);
    return;
  }
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    const low = v128.load(x);
    const high = v128.load(x, 16);
    v128.store(y, low);
    v128.store(y, high, 16);
  }
  for (; n > 0; n--, x += 4, y += 4) store<f32>(y, load<f32>(x));
}

function fillRow(x: usize, y: usize, n: i32): void {
  const value = v128.load32_splat(x);
  for (; n >= 4; n -= 4, y += 16) v128.store(y, value);
  for (; n > 0; n--, y += 4) v128.store_lane<f32>(y, value, 0);
}

/** Strides in bytes. */
function copyColumn(x: usize, xStep: usize, y: usize, yStep: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += xStep << 2, y += yStep << 2) {
    const a = load<f32>(x);
    const b = load<f32>(x + xStep);
    const c = load<f32>(x + (xStep << 1));
    const d = load<f32>(x + (xStep << 1) + xStep);
    store<f32>(y, a);
    store<f32>(y + yStep, b);
    store<f32>(y + (yStep << 1), c);
    store<f32>(y + (yStep << 1) + yStep, d);
  }
  for (; n > 0; n--, x += xStep, y += yStep) store<f32>(y, load<f32>(x));
}

/** y[j][i] = x[i][j] for i, j < 4; steps are from row to row, in bytes. */
// @ts-ignore: decorator
@inline
function transpose4(x: usize, xStep: usize, y: usize, yStep: usize): void {
  const a = v128.load(x);
  const b = v128.load(x + xStep);
  const c = v128.load(x + (xStep << 1));
  const d = v128.load(x + (xStep << 1) + xStep);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(y + yStep, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  v128.store(y + (yStep << 1), v128.shuffle<f32>(AB, CD, 0, 1, 4, 5));
  v128.store(y + (yStep << 1) + yStep, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7));
}

/** y[j][i] = x[i][j] for i < m, j < n, in blocks of 8 by 8: few enough rows for the ways of a cache set. */
function transpose(x: usize, xStep: usize, y: usize, yStep: usize, m: i32, n: i32): void {
  for (let j = 0; j < n; j += 8) {
    const width = min(8, n - j);
    for (let i = 0; i < m; i += 8) {
      const height = min(8, m - i);
      const from = x + <usize>i * xStep + ((<usize>j) << 2);
      const to = y + <usize>j * yStep + ((<usize>i) << 2);
      if (height == 8 && width == 8) {
        transpose4(from, xStep, to, yStep);
        transpose4(from + (xStep << 2), xStep, to + 16, yStep);
        transpose4(from + 16, xStep, to + (yStep << 2), yStep);
        transpose4(from + 16 + (xStep << 2), xStep, to + (yStep << 2) + 16, yStep);
        continue;
      }
      let b = 0;
      if (height >= 4) {
        for (; b + 4 <= width; b += 4) transpose4(from + ((<usize>b) << 2), xStep, to + <usize>b * yStep, yStep);
        for (let a = 4; a < height; a++) {
          copyColumn(from + <usize>a * xStep, 4, to + ((<usize>a) << 2), yStep, b);
        }
      }
      for (; b < width; b++) copyColumn(from + ((<usize>b) << 2), xStep, to + <usize>b * yStep, 4, height);
    }
  }
}

export function copy_strided_f32(
  x: usize,
  y: usize,
  table: usize,
  d0: i32,
  d1: i32,
  d2: i32,
  d3: i32,
  d4: i32,
  d5: i32,
  x0: i32,
  x1: i32,
  x2: i32,
  x3: i32,
  x4: i32,
  x5: i32,
  y0: i32,
  y1: i32,
  y2: i32,
  y3: i32,
  y4: i32,
  y5: i32,
  xOffset: i32,
  yOffset: i32,
): void {
  if (d0 == 0 || d1 == 0 || d2 == 0 || d3 == 0 || d4 == 0 || d5 == 0) return;
  x += (<usize>xOffset) << 2;
  y += (<usize>yOffset) << 2;
  let count = append(table, 0, d0, x0, y0);
  count = append(table, count, d1, x1, y1);
  count = append(table, count, d2, x2, y2);
  count = append(table, count, d3, x3, y3);
  count = append(table, count, d4, x4, y4);
  count = append(table, count, d5, x5, y5);
  if (count == 0) {
    store<f32>(y, load<f32>(x));
    return;
  }
  // The innermost axis is the one that is contiguous in y; before it, if it is not contiguous in x as well, the one that is.
  const inner = find(table, count, 8, 1);
  if (inner >= 0) moveLast(table, count, inner);
  let outer = count - 1;
  const last = axis(table, outer);
  const n = load<i32>(last);
  const xStep = load<i32>(last, 4);
  const yStep = load<i32>(last, 8);
  let isTranspose = false;
  if (yStep == 1 && xStep != 1 && xStep != 0) {
    const other = find(table, outer, 4, 1);
    if (other >= 0) {
      moveLast(table, outer, other);
      outer--;
      isTranspose = true;
    }
  }
  const before = axis(table, outer);
  while (true) {
    if (isTranspose) transpose(x, xStep << 2, y, load<i32>(before, 8) << 2, n, load<i32>(before));
    else if (yStep == 1 && xStep == 1) copyRow(x, y, n);
    else if (yStep == 1 && xStep == 0) fillRow(x, y, n);
    else copyColumn(x, xStep << 2, y, yStep << 2, n);
    let i = outer - 1;
    for (; i >= 0; i--) {
      const a = axis(table, i);
      const digit = load<i32>(a, 12) + 1;
      x += load<i32>(a, 4) << 2;
      y += load<i32>(a, 8) << 2;
      if (digit < load<i32>(a)) {
        store<i32>(a, digit, 12);
        break;
      }
      x -= (digit * load<i32>(a, 4)) << 2;
      y -= (digit * load<i32>(a, 8)) << 2;
      store<i32>(a, 0, 12);
    }
    if (i < 0) return;
  }
}
