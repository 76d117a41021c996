// Pooling on channels-last images: the mean over all pixels, and square windows (maximum, mean) with stride and zero padding.
// Output sizes are floor((h + 2 * padding - size) / stride) + 1.
import { kernel } from "./kernel.ts";

export interface Window {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

export const windowsAlong = (length: number, { size, stride, padding }: Window): number =>
  Math.max(0, Math.floor((length + 2 * padding - size) / stride) + 1);

const inputLength = ({ n, h, w, c }: Readonly<Record<"n" | "h" | "w" | "c", number>>): number => n * h * w * c;

const outputLength = (window: Window): number => window.n * windowsAlong(window.h, window) * windowsAlong(window.w, window) * window.c;

/** y[n,c] = mean over the pixels of x[n,pixels,c]; 0 for no pixels. */
export const globalAveragePool = /* @__PURE__ */ kernel({
  name: "global_average_pool_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["n", "pixels", "c"],
  lengths: ({ n, pixels, c }) => ({ x: n * pixels * c, y: n * c }),
});

/** dx[n,pixel,c] = dy[n,c] / pixels. */
export const globalAveragePoolBackward = /* @__PURE__ */ kernel({
  name: "global_average_pool_backward_f32",
  buffers: { dy: "in", dx: "out" },
  numbers: ["n", "pixels", "c"],
  lengths: ({ n, pixels, c }) => ({ dy: n * c, dx: n * pixels * c }),
});

/**
 * y = largest value of the window inside the image, index = its place r * size + s in the window, the first of equal ones.
 * NaN counts as largest. A window wholly outside the image gives -Infinity and index -1.
 */
export const maxPool2d = /* @__PURE__ */ kernel({
  name: "max_pool2d_f32",
  buffers: { x: "in", y: "out", index: "out" },
  numbers: ["n", "h", "w", "c", "size", "stride", "padding"],
  lengths: (window) => ({ x: inputLength(window), y: outputLength(window), index: outputLength(window) }),
});

/** dx = sum of dy over the windows that chose this element. */
export const maxPool2dBackward = /* @__PURE__ */ kernel({
  name: "max_pool2d_backward_f32",
  buffers: { index: "in", dy: "in", dx: "out" },
  numbers: ["n", "h", "w", "c", "size", "stride", "padding"],
  lengths: (window) => ({ index: outputLength(window), dy: outputLength(window), dx: inputLength(window) }),
});

/** y = sum of the window / size^2, padding counted as zeros. */
export const averagePool2d = /* @__PURE__ */ kernel({
  name: "average_pool2d_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["n", "h", "w", "c", "size", "stride", "padding"],
  lengths: (window) => ({ x: inputLength(window), y: outputLength(window) }),
});

/** dx = sum over the windows that hold this element of dy / size^2. */
export const averagePool2dBackward = /* @__PURE__ */ kernel({
  name: "average_pool2d_backward_f32",
  buffers: { dy: "in", dx: "out" },
  numbers: ["n", "h", "w", "c", "size", "stride", "padding"],
  lengths: (window) => ({ dy: outputLength(window), dx: inputLength(window) }),
});

export interface Sampling {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly stride: number;
  readonly k: number;
}

const sampled = ({ n, h, w, stride, k }: Sampling): number => n * Math.ceil(h / stride) * Math.ceil(w / stride) * k;

/** y[n,p,q,j] = x[n, p stride, q stride, j] for j < c, 0 for c <= j < k; p below ceil(h / stride), q below ceil(w / stride). */
export const subsample2d = /* @__PURE__ */ kernel({
  name: "subsample2d_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["n", "h", "w", "c", "stride", "k"],
  lengths: (sizes) => ({ x: inputLength(sizes), y: sampled(sizes) }),
});

/** dx = dy at the pixels that were taken, 0 elsewhere. */
export const subsample2dBackward = /* @__PURE__ */ kernel({
  name: "subsample2d_backward_f32",
  buffers: { dy: "in", dx: "out" },
  numbers: ["n", "h", "w", "c", "stride", "k"],
  lengths: (sizes) => ({ dy: sampled(sizes), dx: inputLength(sizes) }),
});

/** dx += dy at the pixels that were taken; the others stay. */
export const subsample2dBackwardAdd = /* @__PURE__ */ kernel({
  name: "subsample2d_backward_add_f32",
  buffers: { dy: "in", dx: "inout" },
  numbers: ["n", "h", "w", "c", "stride", "k"],
  lengths: (sizes) => ({ dy: sampled(sizes), dx: inputLength(sizes) }),
});
