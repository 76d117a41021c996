// What the kernels of ts/kernels/pool.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/pool.ts";
import { windowsAlong, type Window, type Sampling } from "../kernels/pool.ts";
import { defined } from "./definition.ts";

/** Calls `visit` for each output element and each element of its window that is inside the image, in row order. */
function eachTap(window: Window, visit: (outAt: number, inAt: number, position: number) => void): void {
  const { n, h, w, c, size, stride, padding } = window;
  const p = windowsAlong(h, window);
  const q = windowsAlong(w, window);
  for (let i = 0; i < n * p * q * c; i++) {
    const channel = i % c;
    const column = Math.floor(i / c) % q;
    const row = Math.floor(i / (c * q)) % p;
    const image = Math.floor(i / (c * q * p));
    for (let r = 0; r < size; r++) {
      for (let s = 0; s < size; s++) {
        const y = row * stride - padding + r;
        const x = column * stride - padding + s;
        if (y >= 0 && y < h && x >= 0 && x < w) visit(i, ((image * h + y) * w + x) * c + channel, r * size + s);
      }
    }
  }
}

const windows: readonly Window[] = [
  { n: 0, h: 4, w: 4, c: 4, size: 2, stride: 2, padding: 0 },
  { n: 1, h: 2, w: 2, c: 1, size: 2, stride: 2, padding: 0 },
  { n: 2, h: 4, w: 6, c: 3, size: 2, stride: 2, padding: 0 },
  { n: 2, h: 8, w: 8, c: 16, size: 2, stride: 2, padding: 0 },
  { n: 1, h: 7, w: 5, c: 17, size: 2, stride: 2, padding: 0 },
  { n: 2, h: 7, w: 7, c: 10, size: 3, stride: 2, padding: 1 },
  { n: 1, h: 6, w: 5, c: 4, size: 3, stride: 1, padding: 1 },
  { n: 1, h: 5, w: 9, c: 20, size: 2, stride: 3, padding: 0 },
  { n: 1, h: 1, w: 1, c: 5, size: 2, stride: 2, padding: 0 },
];

const images = [
  { n: 0, pixels: 4, c: 3 },
  { n: 1, pixels: 1, c: 1 },
  { n: 3, pixels: 64, c: 64 },
  { n: 2, pixels: 49, c: 17 },
  { n: 2, pixels: 65, c: 10 },
  { n: 1, pixels: 200, c: 20 },
  { n: 2, pixels: 0, c: 3 },
];

export const globalAveragePool = /* @__PURE__ */ defined(kernels.globalAveragePool, {
  define: ({ x, y }, { n, pixels, c }) => {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < c; j++) {
        let sum = 0;
        for (let p = 0; p < pixels; p++) sum += x[(i * pixels + p) * c + j];
        y[i * c + j] = pixels > 0 ? sum / pixels : 0;
      }
    }
  },
  samples: images,
  terms: ({ pixels }) => pixels,
});

export const globalAveragePoolBackward = /* @__PURE__ */ defined(kernels.globalAveragePoolBackward, {
  define: ({ dy, dx }, { n, pixels, c }) => {
    for (let i = 0; i < n * pixels * c; i++) dx[i] = dy[Math.floor(i / (pixels * c)) * c + (i % c)] / pixels;
  },
  samples: images,
});

export const maxPool2d = /* @__PURE__ */ defined(kernels.maxPool2d, {
  define: ({ x, y, index }, window) => {
    y.fill(-Infinity);
    index.fill(-1);
    eachTap(window, (outAt, inAt, position) => {
      const value = x[inAt];
      const best = y[outAt];
      if (index[outAt] < 0 || value > best || (Number.isNaN(value) && !Number.isNaN(best))) {
        y[outAt] = value;
        index[outAt] = position;
      }
    });
  },
  samples: windows,
});

export const maxPool2dBackward = /* @__PURE__ */ defined(kernels.maxPool2dBackward, {
  define: ({ index, dy, dx }, window) => {
    dx.fill(0);
    eachTap(window, (outAt, inAt, position) => {
      if (index[outAt] === position) dx[inAt] += dy[outAt];
    });
  },
  samples: windows,
  fill: { index: (index, _normal, { size }) => (index * 7) % (size * size) },
  terms: ({ size }) => size * size,
});

export const averagePool2d = /* @__PURE__ */ defined(kernels.averagePool2d, {
  define: ({ x, y }, window) => {
    y.fill(0);
    eachTap(window, (outAt, inAt) => {
      y[outAt] += x[inAt] / (window.size * window.size);
    });
  },
  samples: windows,
  terms: ({ size }) => size * size,
});

export const averagePool2dBackward = /* @__PURE__ */ defined(kernels.averagePool2dBackward, {
  define: ({ dy, dx }, window) => {
    dx.fill(0);
    eachTap(window, (outAt, inAt) => {
      dx[inAt] += dy[outAt] / (window.size * window.size);
    });
  },
  samples: windows,
  terms: ({ size }) => size * size,
});

/** Calls `visit` for each element that is taken, in the order of the samples. */
function eachSample({ n, h, w, c, stride, k }: Sampling, visit: (outAt: number, inAt: number) => void): void {
  let pixel = 0;
  for (let i = 0; i < n; i++)
    for (let p = 0; p < h; p += stride)
      for (let q = 0; q < w; q += stride, pixel++) for (let j = 0; j < c; j++) visit(pixel * k + j, ((i * h + p) * w + q) * c + j);
}

const samplings: readonly Sampling[] = [
  { n: 0, h: 4, w: 4, c: 4, stride: 2, k: 8 },
  { n: 1, h: 1, w: 1, c: 1, stride: 2, k: 1 },
  { n: 2, h: 4, w: 6, c: 3, stride: 2, k: 7 },
  { n: 2, h: 8, w: 8, c: 16, stride: 2, k: 32 },
  { n: 1, h: 7, w: 5, c: 17, stride: 2, k: 34 },
  { n: 2, h: 7, w: 8, c: 20, stride: 3, k: 20 },
  { n: 3, h: 2, w: 3, c: 5, stride: 1, k: 10 },
  { n: 1, h: 2, w: 9, c: 36, stride: 4, k: 37 },
];

export const subsample2d = /* @__PURE__ */ defined(kernels.subsample2d, {
  define: ({ x, y }, sizes) => {
    y.fill(0);
    eachSample(sizes, (outAt, inAt) => (y[outAt] = x[inAt]));
  },
  samples: samplings,
  tolerance: () => 0,
});

export const subsample2dBackward = /* @__PURE__ */ defined(kernels.subsample2dBackward, {
  define: ({ dy, dx }, sizes) => {
    dx.fill(0);
    eachSample(sizes, (outAt, inAt) => (dx[inAt] = dy[outAt]));
  },
  samples: samplings,
  tolerance: () => 0,
});

export const subsample2dBackwardAdd = /* @__PURE__ */ defined(kernels.subsample2dBackwardAdd, {
  define: ({ dy, dx }, sizes) => eachSample(sizes, (outAt, inAt) => (dx[inAt] += dy[outAt])),
  samples: samplings,
});
