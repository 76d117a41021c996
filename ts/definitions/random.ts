// What the kernels of ts/kernels/random.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/random.ts";
import { maskLength } from "../kernels/random.ts";
import { defined } from "./definition.ts";

/** High and low 32 bits of a * b, both unsigned. */
function multiplyWide(a: number, b: number): [number, number] {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middleLow = (middle & 0xffff) + aLow * bHigh;
  return [(aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(middleLow / 65536)) >>> 0, Math.imul(a, b) >>> 0];
}

/** The four words of Philox4x32-10. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiplyWide(0xd2511f53, c0 >>> 0);
    const [high1, low1] = multiplyWide(0xcd9e8d57, c2 >>> 0);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [c0, c1, c2, c3];
}

const unit = (word: number) => (word >>> 8) / 16777216;

export const philoxUniform = /* @__PURE__ */ defined(kernels.philoxUniform, {
  define: ({ y }, { length, key0, key1, counter1, counter2, counter3 }) => {
    for (let i = 0; i < length; i++) y[i] = unit(philox([i >> 2, counter1, counter2, counter3], [key0, key1])[i & 3]);
  },
  samples: [
    ...[0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 130].map((length) => ({ length, key0: 7, key1: 11, counter1: 1, counter2: 2, counter3: 3 })),
    { length: 40, key0: 0xffffffff, key1: 0xdeadbeef, counter1: 0xffffffff, counter2: 0x80000000, counter3: 0xfffffffe },
  ],
  tolerance: () => 0,
});

const dropped = [0, 1, 3, 4, 5, 15, 16, 17, 33, 100].map((cols) => ({ rows: 3, cols, p: 0.3 }));

export const dropout = /* @__PURE__ */ defined(kernels.dropout, {
  define: ({ x, y, mask }, { rows, cols, p, key0, key1, counter2, counter3, firstRow }) => {
    const width = maskLength(1, cols);
    mask?.fill(0);
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < cols; col++) {
        const word = philox([col >> 2, firstRow + row, counter2, counter3], [key0, key1])[col & 3];
        const stays = unit(word) >= p;
        y[row * cols + col] = stays ? x[row * cols + col] / (1 - p) : 0;
        if (mask && stays) mask[row * width + (col >> 4)] += 1 << (col & 15);
      }
  },
  samples: [
    ...dropped.map((sizes) => ({ ...sizes, key0: 5, key1: 6, counter2: 7, counter3: 8, firstRow: 9 })),
    ...[0, 0.5, 1].map((p) => ({ rows: 2, cols: 37, p, key0: 0xfedcba98, key1: 6, counter2: 0xffffffff, counter3: 8, firstRow: 1000 })),
    { rows: 0, cols: 8, p: 0.5, key0: 1, key1: 2, counter2: 3, counter3: 4, firstRow: 0 },
  ],
});

export const dropoutBackward = /* @__PURE__ */ defined(kernels.dropoutBackward, {
  define: ({ dy, mask, dx }, { rows, cols, p }) => {
    const width = maskLength(1, cols);
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < cols; col++) {
        const stays = (mask[row * width + (col >> 4)] >> (col & 15)) & 1;
        dx[row * cols + col] = stays ? dy[row * cols + col] / (1 - p) : 0;
      }
  },
  samples: [...dropped, { rows: 2, cols: 37, p: 0.5 }, { rows: 0, cols: 8, p: 0.5 }],
  fill: { mask: (index) => (index * 40503 + 12345) % 65536 },
});
