// The hot kernels: each is compiled while V8 widens vectors, compared with its plain code in every bit, and timed.
// A kernel that calls the tiles of matrix products must be here: V8 could else put a plain copy of a tile made for wide vectors into it.
import { attention, attentionBackward } from "../kernels/attention.ts";
import { conv2d, conv2dInputGradient, conv2dWeightGradient, type ConvSizes } from "../kernels/conv.ts";
import { gemmNn, gemmNt, gemmTn } from "../kernels/gemm.ts";
import { conv2dWinograd, conv2dWinogradInputGradient, conv2dWinogradWeightGradient, type WinogradSizes } from "../kernels/winograd.ts";

/** One call: floats of each buffer, floats of scratch, numbers. */
export interface Call {
  readonly lengths: readonly number[];
  readonly scratch: number;
  readonly numbers: readonly number[];
}

export interface Family {
  /** The export. */
  readonly name: string;
  /** The call that is timed: whole tiles, tens of microseconds, most of them in products. */
  readonly timed: Call;
  /** Multiplications and additions of the products in the timed call. */
  readonly operations: number;
  /** Calls that are compared only: rests of tiles, blocks of sums, narrow panels. */
  readonly odd: readonly Call[];
}

interface Callable<S> {
  readonly name: string;
  readonly order: readonly string[];
  readonly numbers: readonly string[];
  readonly lengths: (sizes: S) => Readonly<Record<string, number>>;
  readonly scratch?: (sizes: S) => number;
}

function family<S extends Readonly<Record<string, number>>>(
  kernel: Callable<S>,
  operations: (sizes: S) => number,
  [timed, ...odd]: readonly S[],
): Family {
  const callOf = (sizes: S): Call => {
    const lengths = kernel.lengths(sizes);
    return {
      lengths: kernel.order.map((name) => lengths[name]),
      scratch: kernel.scratch?.(sizes) ?? 0,
      numbers: kernel.numbers.map((name) => sizes[name]),
    };
  };
  return { name: kernel.name, timed: callOf(timed), operations: operations(timed), odd: odd.map(callOf) };
}

// Of each the first is timed.
const matrices = [
  { m: 64, n: 64, k: 256 },
  { m: 23, n: 38, k: 259 },
  { m: 5, n: 10, k: 64 },
  { m: 21, n: 24, k: 70 },
];
const matrixOperations = ({ m, n, k }: { readonly m: number; readonly n: number; readonly k: number }): number => 2 * m * n * k;

const unit = { r: 3, s: 3, strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 };
const images: readonly ConvSizes[] = [
  { ...unit, n: 1, h: 16, w: 16, c: 16, k: 16 },
  { ...unit, n: 2, h: 5, w: 7, c: 5, k: 21 },
  { ...unit, n: 1, h: 6, w: 9, c: 8, k: 8 },
  { ...unit, n: 1, h: 10, w: 11, c: 16, k: 32, strideH: 2, strideW: 2 },
];
const convOperations = ({ n, h, w, c, k, r, s }: ConvSizes): number => 2 * n * h * w * c * k * r * s;

const tiled: readonly WinogradSizes[] = [
  { n: 4, h: 8, w: 8, c: 64, k: 64 },
  { n: 1, h: 7, w: 9, c: 48, k: 16 },
];
/** 36 products for 16 outputs. */
const winogradOperations = ({ n, h, w, c, k }: WinogradSizes): number => (2 * 36 * n * h * w * c * k) / 16;

// Long rows, so that little of the time goes to exponentials.
const heads = [
  { n: 1, t: 64, heads: 1, d: 128, scale: 0.125 },
  { n: 1, t: 21, heads: 2, d: 5, scale: 0.5 },
  { n: 2, t: 133, heads: 1, d: 16, scale: 0.25 },
];
type HeadSizes = (typeof heads)[number];
const headProducts = ({ n, t, heads, d }: HeadSizes): number => 2 * n * heads * t * t * d;

export const families: readonly Family[] = [
  family(gemmNn, matrixOperations, matrices),
  family(gemmNt, matrixOperations, matrices),
  family(gemmTn, matrixOperations, matrices),
  family(conv2d, convOperations, images),
  family(conv2dInputGradient, convOperations, images),
  family(conv2dWeightGradient, convOperations, images),
  family(conv2dWinograd, winogradOperations, tiled),
  family(conv2dWinogradInputGradient, winogradOperations, tiled),
  family(conv2dWinogradWeightGradient, winogradOperations, tiled),
  family(attention, (sizes) => 2 * headProducts(sizes), heads),
  family(attentionBackward, (sizes) => 5 * headProducts(sizes), heads),
];
