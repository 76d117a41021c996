// Pooling of NHWC images.
import * as kernels from "../../kernels/pool.ts";
import { emptyLike, launch } from "../launch.ts";
import { defineOp } from "../op.ts";
import { shapeText, type Tensor } from "../tensor.ts";

type One = readonly [Tensor];

interface Window {
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

export interface PoolOptions {
  /** Step between windows; the window's size by default. */
  readonly stride?: number;
  /** Pixels on every side, 0 by default. */
  readonly padding?: number;
}

export const globalAveragePoolOp = /* @__PURE__ */ defineOp<One, object>("globalAveragePool", {
  forward: ([x]) => {
    const [n, h, w, c] = x.shape;
    const y = emptyLike(x, [n, c]);
    launch(kernels.globalAveragePool, { x, y }, { n, pixels: h * w, c });
    return y;
  },
  vjp: (dy, _y, [x]) => [
    () => {
      const [n, h, w, c] = x.shape;
      const dx = emptyLike(x);
      launch(kernels.globalAveragePoolBackward, { dy, dx }, { n, pixels: h * w, c });
      return dx;
    },
  ],
  samples: [{ inputs: [[2, 3, 2, 5]], attributes: {} }],
});

function sizesOf(x: Tensor, window: Window): Window & { n: number; h: number; w: number; c: number } {
  const [n, h, w, c] = x.shape;
  return { n, h, w, c, ...window };
}

function outputShape(x: Tensor, { size, stride, padding }: Window): number[] {
  const out = (length: number): number => Math.floor((length + 2 * padding - size) / stride) + 1;
  return [x.shape[0], out(x.shape[1]), out(x.shape[2]), x.shape[3]];
}

export const maxPool2dOp = /* @__PURE__ */ defineOp<One, Window>("maxPool2d", {
  forward: ([x], window) => {
    const y = emptyLike(x, outputShape(x, window));
    const index = emptyLike(y);
    launch(kernels.maxPool2d, { x, y, index }, sizesOf(x, window));
    return { value: y, saved: [index] };
  },
  vjp: (dy, _y, [x], window, [index]) => [
    () => {
      const dx = emptyLike(x);
      launch(kernels.maxPool2dBackward, { index, dy, dx }, sizesOf(x, window));
      return dx;
    },
  ],
  samples: [
    { inputs: [[2, 4, 4, 3]], attributes: { size: 2, stride: 2, padding: 0 } },
    { inputs: [[1, 5, 6, 2]], attributes: { size: 3, stride: 2, padding: 1 } },
  ],
});

export const averagePool2dOp = /* @__PURE__ */ defineOp<One, Window>("averagePool2d", {
  forward: ([x], window) => {
    const y = emptyLike(x, outputShape(x, window));
    launch(kernels.averagePool2d, { x, y }, sizesOf(x, window));
    return y;
  },
  vjp: (dy, _y, [x], window) => [
    () => {
      const dx = emptyLike(x);
      launch(kernels.averagePool2dBackward, { dy, dx }, sizesOf(x, window));
      return dx;
    },
  ],
  samples: [
    { inputs: [[2, 4, 4, 3]], attributes: { size: 2, stride: 2, padding: 0 } },
    { inputs: [[1, 5, 5, 2]], attributes: { size: 3, stride: 1, padding: 1 } },
  ],
});

interface Sampling {
  readonly stride: number;
  readonly channels: number;
}

function samplingOf(x: Tensor, { stride, channels }: Sampling): Readonly<Record<"n" | "h" | "w" | "c" | "stride" | "k", number>> {
  const [n, h, w, c] = x.shape;
  return { n, h, w, c, stride, k: channels };
}

export const subsample2dOp = /* @__PURE__ */ defineOp<One, Sampling>("subsample2d", {
  forward: ([x], sampling) => {
    const [n, h, w] = x.shape;
    const y = emptyLike(x, [n, Math.ceil(h / sampling.stride), Math.ceil(w / sampling.stride), sampling.channels]);
    launch(kernels.subsample2d, { x, y }, samplingOf(x, sampling));
    return y;
  },
  vjp: (dy, _y, [x], sampling) => [
    (sofar) => {
      const dx = sofar ?? emptyLike(x);
      if (sofar) launch(kernels.subsample2dBackwardAdd, { dy, dx }, samplingOf(x, sampling));
      else launch(kernels.subsample2dBackward, { dy, dx }, samplingOf(x, sampling));
      return dx;
    },
  ],
  samples: [
    { inputs: [[2, 4, 5, 3]], attributes: { stride: 2, channels: 5 } },
    { inputs: [[1, 2, 2, 2]], attributes: { stride: 1, channels: 3 } },
  ],
});

function windowOf(who: string, x: Tensor, size: number, { stride = size, padding = 0 }: PoolOptions): Window {
  if (x.rank !== 4) throw new Error(`${who}: ${shapeText(x.shape)}, wanted [N,H,W,C]`);
  if (size < 1 || stride < 1 || padding < 0 || 2 * padding > size)
    throw new Error(
      `${who}: size ${size}, stride ${stride}, padding ${padding}, wanted size and stride of at least 1 and padding up to half the size`,
    );
  const window = { size, stride, padding };
  if (outputShape(x, window).some((length, axis) => axis > 0 && length < 1))
    throw new Error(`${who}: window ${size} on ${shapeText(x.shape)}, wanted an input that it fits in`);
  return window;
}

/** Mean over rows and columns: [N,H,W,C] to [N,C]. */
export function globalAveragePool(x: Tensor): Tensor {
  if (x.rank !== 4) throw new Error(`globalAveragePool: ${shapeText(x.shape)}, wanted [N,H,W,C]`);
  return globalAveragePoolOp([x], {});
}

/** Largest value of each window; the gradient goes to the first of equals. */
export function maxPool2d(x: Tensor, size: number, options: PoolOptions = {}): Tensor {
  return maxPool2dOp([x], windowOf("maxPool2d", x, size, options));
}

/** Mean of each window, padding counted, as PyTorch by default. */
export function averagePool2d(x: Tensor, size: number, options: PoolOptions = {}): Tensor {
  return averagePool2dOp([x], windowOf("averagePool2d", x, size, options));
}

/** Every stride-th pixel, with channels of zeros behind its own: [N,H,W,C] to [N,ceil(H/stride),ceil(W/stride),channels]. */
export function subsample2d(x: Tensor, stride: number, channels: number): Tensor {
  if (x.rank !== 4) throw new Error(`subsample2d: ${shapeText(x.shape)}, wanted [N,H,W,C]`);
  if (!Number.isInteger(stride) || stride < 1) throw new Error(`subsample2d: stride ${stride}, wanted a whole number of at least 1`);
  if (!Number.isInteger(channels) || channels < x.shape[3])
    throw new Error(`subsample2d: ${channels} channels for ${shapeText(x.shape)}, wanted a whole number of at least ${x.shape[3]}`);
  return subsample2dOp([x], { stride, channels });
}
