// Direct convolution and its gradients. An output's products go in blocks of at most 288 that depend on the filter only: ((bias + block) +
// block) + ..., each from 0 in the order of rows, columns and channels of taps. The weight gradient's blocks are 8 output rows of one
// image, or as many images as have 256 pixels together. Products with the border are zeros and change nothing.
import * as kernels from "../../../ts/definitions/conv.ts";
import { convColumns, convRows, type ConvSizes } from "../../../ts/kernels/conv.ts";
import { f, madd, scalar, type Scalar } from "./scalar.ts";

const BLOCK = 288;

type Sizes = ConvSizes;

/** Sums `rows` x `columns` x `channels` products block by block onto `start`; `isRun` where a row of taps is one run of floats. */
function blocks(
  start: number,
  [rows, columns, channels]: readonly [number, number, number],
  isRun: boolean,
  at: (i: number, j: number, l: number) => number,
): number {
  const [outer, middle, inner] = isRun ? [1, rows, columns * channels] : [rows, columns, channels];
  if (outer * middle * inner <= 0) return f(start + 0);
  const term = isRun ? (_: number, j: number, l: number) => at(j, Math.floor(l / channels), l % channels) : at;
  const l1 = Math.min(inner, BLOCK);
  const j1 = inner > BLOCK ? 1 : Math.min(middle, Math.floor(BLOCK / inner));
  const i1 = j1 < middle ? 1 : Math.min(outer, Math.max(1, Math.floor(BLOCK / (middle * inner))));
  let total = start;
  for (let i = 0; i < outer; i += i1)
    for (let j = 0; j < middle; j += j1)
      for (let l = 0; l < inner; l += l1) {
        let sum = 0;
        for (let p = i; p < Math.min(outer, i + i1); p++)
          for (let q = j; q < Math.min(middle, j + j1); q++) for (let r = l; r < Math.min(inner, l + l1); r++) sum = f(sum + term(p, q, r));
        total = f(total + sum);
      }
  return total;
}

const isDepthwise = ({ c, k, groups }: Sizes): boolean => groups > 1 && c === groups && k === groups;

/** x at a row and column that may lie on the border. */
function reader(x: Float32Array, { h, w, c }: Sizes): (image: number, row: number, column: number, channel: number) => number {
  return (image, row, column, channel) =>
    row < 0 || row >= h || column < 0 || column >= w ? 0 : x[((image * h + row) * w + column) * c + channel];
}

/** Taps along an axis that meet input `at` of it, from the last, with the output that they meet it in. */
function tapsOf(at: number, taps: number, stride: number, pad: number, dilation: number): readonly { tap: number; out: number }[] {
  const found: { tap: number; out: number }[] = [];
  for (let tap = taps - 1; tap >= 0; tap--) {
    const from = at + pad - tap * dilation;
    if ((((tap * dilation) % stride) + stride) % stride === (at + pad) % stride) found.push({ tap, out: from / stride });
  }
  return found;
}

/** Calls visit(image, row, column, channel) in the order of memory. */
function each(n: number, rows: number, columns: number, c: number, visit: (i: number, p: number, q: number, k: number) => void): void {
  for (let i = 0; i < n; i++)
    for (let p = 0; p < rows; p++) for (let q = 0; q < columns; q++) for (let k = 0; k < c; k++) visit(i, p, q, k);
}

const forward = scalar(kernels.conv2d, ({ x, filter, bias, y }, sizes) => {
  const { n, c, k, r, s, strideH, strideW, padH, padW, dilationH, dilationW, groups } = sizes;
  const read = reader(x, sizes);
  const cg = c / groups;
  const kg = k / groups;
  let to = 0;
  each(n, convRows(sizes), convColumns(sizes), k, (image, p, q, ki) => {
    const first = Math.floor(ki / kg) * cg;
    const top = p * strideH - padH;
    const left = q * strideW - padW;
    const start = bias === null ? 0 : bias[ki];
    if (isDepthwise(sizes)) {
      let sum = start;
      for (let i = 0; i < r; i++)
        for (let j = 0; j < s; j++) {
          const row = top + i * dilationH;
          const column = left + j * dilationW;
          if (row < 0 || row >= sizes.h || column < 0 || column >= sizes.w) continue;
          sum = madd(read(image, row, column, ki), filter[(i * s + j) * c + ki], sum);
        }
      y[to++] = sum;
      return;
    }
    y[to++] = blocks(start, [r, s, cg], dilationW * c === cg, (i, j, l) =>
      f(read(image, top + i * dilationH, left + j * dilationW, first + l) * filter[((i * s + j) * cg + l) * k + ki]),
    );
  });
});

const inputGradient = scalar(kernels.conv2dInputGradient, ({ dy, filter, dx }, sizes) => {
  const { n, h, w, c, k, r, s, strideH, strideW, padH, padW, dilationH, dilationW, groups } = sizes;
  const rows = convRows(sizes);
  const columns = convColumns(sizes);
  const cg = c / groups;
  const kg = k / groups;
  let stepW = 1;
  while ((stepW * dilationW) % strideW !== 0) stepW++;
  const isRun = ((stepW * dilationW) / strideW) * k === kg;
  const inside = (p: number, q: number): boolean => p >= 0 && p < rows && q >= 0 && q < columns;
  if (rows * columns * k <= 0) {
    dx.fill(0);
    return;
  }
  let to = 0;
  each(n, h, w, c, (image, row, column, ci) => {
    const down = tapsOf(row, r, strideH, padH, dilationH);
    const along = tapsOf(column, s, strideW, padW, dilationW);
    const group = Math.floor(ci / cg);
    if (isDepthwise(sizes)) {
      let sum = 0;
      for (const { tap: i, out: p } of [...down].reverse())
        for (const { tap: j, out: q } of [...along].reverse())
          if (inside(p, q)) sum = madd(dy[((image * rows + p) * columns + q) * k + ci], filter[(i * s + j) * c + ci], sum);
      dx[to++] = sum;
      return;
    }
    dx[to++] = blocks(0, [down.length, along.length, kg], isRun, (i, j, l) => {
      const { tap: tapH, out: p } = down[i];
      const { tap: tapW, out: q } = along[j];
      if (!inside(p, q)) return 0;
      const ki = group * kg + l;
      return f(dy[((image * rows + p) * columns + q) * k + ki] * filter[((tapH * s + tapW) * cg + (ci % cg)) * k + ki]);
    });
  });
});

const weightGradient = scalar(kernels.conv2dWeightGradient, ({ x, dy, dfilter }, sizes) => {
  const { n, h, w, c, k, r, s, strideH, strideW, padH, padW, dilationH, dilationW, groups } = sizes;
  const read = reader(x, sizes);
  const rows = convRows(sizes);
  const columns = convColumns(sizes);
  const cg = c / groups;
  const kg = k / groups;
  const images = Math.min(n, Math.max(1, Math.floor(256 / Math.max(1, rows * columns))));
  const blockRows = images > 1 ? rows : Math.min(rows, 8);
  let to = 0;
  each(r, s, cg, k, (i, j, ci, ki) => {
    const channel = Math.floor(ki / kg) * cg + ci;
    let total = 0;
    if (isDepthwise(sizes)) {
      for (let image = 0; image < n; image++)
        for (let p = 0; p < rows; p++) {
          const row = p * strideH - padH + i * dilationH;
          if (row < 0 || row >= h) continue;
          let part = 0;
          for (let q = 0; q < columns; q++) {
            const column = q * strideW - padW + j * dilationW;
            if (column < 0 || column >= w) continue;
            part = madd(read(image, row, column, ki), dy[((image * rows + p) * columns + q) * k + ki], part);
          }
          total = f(total + part);
        }
    } else if (rows * columns > 0) {
      for (let first = 0; first < n; first += images)
        for (let top = 0; top < rows; top += blockRows) {
          let sum = 0;
          for (let image = first; image < Math.min(n, first + images); image++)
            for (let p = top; p < Math.min(rows, top + blockRows); p++)
              for (let q = 0; q < columns; q++) {
                const value = read(image, p * strideH - padH + i * dilationH, q * strideW - padW + j * dilationW, channel);
                sum = f(sum + f(value * dy[((image * rows + p) * columns + q) * k + ki]));
              }
          total = f(total + sum);
        }
    }
    dfilter[to++] = total;
  });
});

export const conv: readonly Scalar[] = [forward, inputGradient, weightGradient];
