// Winograd's F(4x4, 3x3): tiles of 6x6 inputs and 4x4 outputs. Each transform takes the rows, then the columns. At each of the 36 places a
// sum runs over the channels in order, in the weight gradient over the tiles in order in blocks of 64 that are added in order.
import * as kernels from "../../../ts/definitions/winograd.ts";
import { f, madd, scalar, type Scalar } from "./scalar.ts";

type Line = readonly number[];
type Transform = (d: Line) => Line;

const SIXTH = f(1 / 6);
const TWELFTH = f(1 / 12);
const TWENTY_FOURTH = f(1 / 24);

const input: Transform = ([d0, d1, d2, d3, d4, d5]) => {
  const t = f(d4 - d2);
  const w = f(f(d3 - d1) * 2);
  const e = f(d4 - f(d2 * 4));
  const o = f(d3 - f(d1 * 4));
  return [f(f(f(d0 - d2) * 4) + t), f(e + o), f(e - o), f(t + w), f(t - w), f(f(d5 - d3) - f(w * 2))];
};

const output: Transform = ([d0, d1, d2, d3, d4, d5]) => {
  const s = f(d1 + d2);
  const t = f(d1 - d2);
  const u = f(d3 + d4);
  const w = f(d3 - d4);
  return [f(f(d0 + s) + u), f(t + f(w * 2)), f(s + f(u * 4)), f(f(t + f(w * 8)) + d5)];
};

const gradient: Transform = ([d0, d1, d2, d3]) => {
  const e = f(d0 + d2);
  const o = f(d1 + d3);
  const g = f(d0 + f(d2 * 4));
  const p = f(f(d1 + f(d3 * 4)) * 2);
  return [d0, f(e + o), f(e - o), f(g + p), f(g - p), d3];
};

const filterOf: Transform = ([d0, d1, d2]) => {
  const e = f(f(d0 + d2) * SIXTH);
  const o = f(d1 * SIXTH);
  const g = f(f(d0 * TWENTY_FOURTH) + f(d2 * SIXTH));
  const p = f(d1 * TWELFTH);
  return [f(d0 * 0.25), -f(e + o), f(o - e), f(g + p), f(g - p), d2];
};

const filterGradient: Transform = ([d0, d1, d2, d3, d4, d5]) => {
  const s = f(f(d1 + d2) * SIXTH);
  const t = f(d2 - d1);
  const u = f(d3 + d4);
  const w = f(d3 - d4);
  return [f(f(f(d0 * 0.25) - s) + f(u * TWENTY_FOURTH)), f(f(t * SIXTH) + f(w * TWELFTH)), f(f(f(u * SIXTH) - s) + d5)];
};

/** Rows, then columns; row by row. */
function both(transform: Transform, square: readonly Line[]): readonly Line[] {
  const rows = square.map((row) => transform(row));
  const columns = rows[0].map((_, j) => transform(rows.map((row) => row[j])));
  return columns[0].map((_, i) => columns.map((column) => column[i]));
}

/** A square of an image's channel, 0 outside. */
function cut(x: Float32Array, sizes: readonly [h: number, w: number, c: number], image: number, top: number, left: number, size: number) {
  const [h, w, c] = sizes;
  const at = (row: number, column: number, channel: number): number =>
    row < 0 || row >= h || column < 0 || column >= w ? 0 : x[((image * h + row) * w + column) * c + channel];
  return (channel: number): readonly Line[] =>
    Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => at(top + i, left + j, channel)));
}

/** Image, first row and first column of every tile. */
function tilesOf(n: number, h: number, w: number): readonly (readonly [number, number, number])[] {
  const tiles: [number, number, number][] = [];
  for (let i = 0; i < n; i++) for (let p = 0; p < h; p += 4) for (let q = 0; q < w; q += 4) tiles.push([i, p, q]);
  return tiles;
}

function convolve(
  x: Float32Array,
  filterAt: (i: number, j: number, ci: number, ki: number) => number,
  bias: Float32Array | null,
  y: Float32Array,
  [n, h, w, c, k]: readonly [number, number, number, number, number],
): void {
  const three = [0, 1, 2];
  const u = Array.from({ length: c }, (_, ci) =>
    Array.from({ length: k }, (_, ki) =>
      both(
        filterOf,
        three.map((i) => three.map((j) => filterAt(i, j, ci, ki))),
      ).flat(),
    ),
  );
  for (const [image, top, left] of tilesOf(n, h, w)) {
    const square = cut(x, [h, w, c], image, top - 1, left - 1, 6);
    const v = Array.from({ length: c }, (_, ci) => both(input, square(ci)).flat());
    for (let ki = 0; ki < k; ki++) {
      const m = v[0].map((_, place) => {
        let sum = 0;
        for (let ci = 0; ci < c; ci++) sum = madd(v[ci][place], u[ci][ki][place], sum);
        return sum;
      });
      const tile = both(
        output,
        [0, 1, 2, 3, 4, 5].map((i) => m.slice(6 * i, 6 * i + 6)),
      );
      for (let i = 0; i < 4 && top + i < h; i++)
        for (let j = 0; j < 4 && left + j < w; j++)
          y[((image * h + top + i) * w + left + j) * k + ki] = bias === null ? tile[i][j] : tile[i][j] + bias[ki];
    }
  }
}

export const winograd: readonly Scalar[] = [
  scalar(kernels.conv2dWinograd, ({ x, filter, bias, y }, { n, h, w, c, k }) => {
    convolve(x, (i, j, ci, ki) => filter[((i * 3 + j) * c + ci) * k + ki], bias, y, [n, h, w, c, k]);
  }),
  scalar(kernels.conv2dWinogradInputGradient, ({ dy, filter, dx }, { n, h, w, c, k }) => {
    const turned = (i: number, j: number, ki: number, ci: number): number => filter[(((2 - i) * 3 + 2 - j) * c + ci) * k + ki];
    convolve(dy, turned, null, dx, [n, h, w, k, c]);
  }),
  scalar(kernels.conv2dWinogradWeightGradient, ({ x, dy, dfilter }, { n, h, w, c, k }) => {
    const tiles = tilesOf(n, h, w);
    const v = tiles.map(([image, top, left]) => {
      const square = cut(x, [h, w, c], image, top - 1, left - 1, 6);
      return Array.from({ length: c }, (_, ci) => both(input, square(ci)).flat());
    });
    const g = tiles.map(([image, top, left]) => {
      const square = cut(dy, [h, w, k], image, top, left, 4);
      return Array.from({ length: k }, (_, ki) => both(gradient, square(ki)).flat());
    });
    for (let ci = 0; ci < c; ci++)
      for (let ki = 0; ki < k; ki++) {
        const u = Array.from({ length: 36 }, (_, place) => {
          let total = 0;
          for (let from = 0; from < tiles.length; from += 64) {
            let sum = 0;
            for (let t = from; t < Math.min(tiles.length, from + 64); t++) sum = madd(v[t][ci][place], g[t][ki][place], sum);
            total = from === 0 ? sum : f(total + sum);
          }
          return total;
        });
        const taps = both(
          filterGradient,
          [0, 1, 2, 3, 4, 5].map((i) => u.slice(6 * i, 6 * i + 6)),
        );
        taps.forEach((row, i) => row.forEach((tap, j) => (dfilter[((i * 3 + j) * c + ci) * k + ki] = tap)));
      }
  }),
];
