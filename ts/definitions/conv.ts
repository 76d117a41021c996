// What the kernels of ts/kernels/conv.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/conv.ts";
import { convRows, convColumns, outputLength, inputLength, filterLength, type ConvSizes } from "../kernels/conv.ts";
import { defined } from "./definition.ts";

/** Calls visit(x index, filter index, y index) for every product of the convolution. */
function walk(sizes: ConvSizes, visit: (x: number, filter: number, y: number) => void): void {
  const { n, h, w, c, k, r, s, strideH, strideW, padH, padW, dilationH, dilationW, groups } = sizes;
  const rows = convRows(sizes);
  const columns = convColumns(sizes);
  const cg = c / groups;
  const kg = k / groups;
  for (let image = 0; image < n; image++)
    for (let p = 0; p < rows; p++)
      for (let q = 0; q < columns; q++)
        for (let i = 0; i < r; i++)
          for (let j = 0; j < s; j++) {
            const row = p * strideH - padH + i * dilationH;
            const column = q * strideW - padW + j * dilationW;
            if (row < 0 || row >= h || column < 0 || column >= w) continue;
            for (let g = 0; g < groups; g++)
              for (let ci = 0; ci < cg; ci++)
                for (let ki = 0; ki < kg; ki++)
                  visit(
                    ((image * h + row) * w + column) * c + g * cg + ci,
                    ((i * s + j) * cg + ci) * k + g * kg + ki,
                    ((image * rows + p) * columns + q) * k + g * kg + ki,
                  );
          }
}

const plain: ConvSizes = {
  ...{ n: 2, h: 5, w: 6, c: 16, k: 16, r: 3, s: 3 },
  ...{ strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 },
};

const samples: readonly ConvSizes[] = [
  plain,
  { ...plain, n: 0 },
  { ...plain, h: 2, w: 2, padH: 0, padW: 0 },
  { ...plain, c: 3, h: 7, w: 5 },
  { ...plain, n: 3, h: 6, w: 6, c: 4, k: 20, strideH: 2, strideW: 2 },
  { ...plain, h: 7, w: 7, c: 5, k: 10, strideH: 2, strideW: 2 },
  { ...plain, h: 9, w: 8, c: 3, k: 17, r: 7, s: 7, strideH: 2, strideW: 2, padH: 3, padW: 3 },
  { ...plain, n: 5, h: 4, w: 4, c: 18, k: 34, r: 1, s: 1, padH: 0, padW: 0 },
  { ...plain, h: 5, w: 5, c: 7, k: 3, r: 1, s: 1, strideH: 2, strideW: 2, padH: 0, padW: 0 },
  { ...plain, h: 3, w: 4, c: 3, k: 5, r: 1, s: 1, padH: 1, padW: 2 },
  { ...plain, h: 8, w: 8, c: 3, k: 24, r: 4, s: 4, strideH: 4, strideW: 4, padH: 0, padW: 0 },
  { ...plain, h: 7, w: 9, c: 4, k: 6, r: 3, s: 2, strideH: 3, strideW: 2, padH: 2, padW: 0, dilationH: 2, dilationW: 3 },
  { ...plain, h: 8, w: 7, c: 6, k: 4, dilationH: 2, dilationW: 2, padH: 2, padW: 2, groups: 2 },
  { ...plain, h: 7, w: 7, c: 8, k: 36, strideH: 2, strideW: 1, groups: 2 },
  { ...plain, h: 5, w: 6, c: 4, k: 8, groups: 4 },
  { ...plain, h: 6, w: 5, c: 7, k: 7, groups: 7 },
  { ...plain, h: 9, w: 7, c: 20, k: 20, groups: 20, strideH: 2, strideW: 2 },
  { ...plain, h: 8, w: 8, c: 5, k: 5, groups: 5, r: 5, s: 3, dilationH: 1, dilationW: 2, padH: 0, padW: 3 },
  { ...plain, n: 1, h: 1, w: 1, c: 2, k: 1, padH: 1, padW: 1 },
  { ...plain, n: 2, h: 3, w: 3, c: 100, k: 9 },
  { ...plain, n: 1, h: 2, w: 3, c: 600, k: 5, padH: 1, padW: 0, s: 1 },
  { ...plain, n: 1, h: 3, w: 3, c: 330, k: 4, groups: 2, strideH: 2 },
  { ...plain, n: 3, h: 19, w: 21, c: 2, k: 3 },
  { ...plain, n: 70, h: 2, w: 2, c: 2, k: 3 },
  { ...plain, n: 1, h: 40, w: 34, c: 3, k: 18, strideW: 2 },
];

export const conv2d = /* @__PURE__ */ defined(kernels.conv2d, {
  samples,
  terms: ({ r, s, c, groups }) => r * s * (c / groups) + 1,
  define: ({ x, filter, bias, y }, sizes) => {
    const length = outputLength(sizes);
    for (let i = 0; i < length; i++) y[i] = bias === null ? 0 : bias[i % sizes.k];
    walk(sizes, (i, j, l) => (y[l] += x[i] * filter[j]));
  },
});

export const conv2dInputGradient = /* @__PURE__ */ defined(kernels.conv2dInputGradient, {
  samples,
  terms: ({ r, s, k, groups }) => r * s * (k / groups),
  define: ({ dy, filter, dx }, sizes) => {
    dx.fill(0, 0, inputLength(sizes));
    walk(sizes, (i, j, l) => (dx[i] += dy[l] * filter[j]));
  },
});

export const conv2dWeightGradient = /* @__PURE__ */ defined(kernels.conv2dWeightGradient, {
  samples,
  terms: (sizes) => Math.max(1, sizes.n * convRows(sizes) * convColumns(sizes)),
  define: ({ x, dy, dfilter }, sizes) => {
    dfilter.fill(0, 0, filterLength(sizes));
    walk(sizes, (i, j, l) => (dfilter[j] += x[i] * dy[l]));
  },
});
