// Convolution of NHWC images. Filters are [R, S, C / groups, K] here; stateDict() turns them to PyTorch's [K, C / groups, R, S].
import * as kernels from "../../kernels/conv.ts";
import * as winograd from "../../kernels/winograd.ts";
import { wantOptions } from "../../options.ts";
import { emptyLike, launch, rowBuffer } from "../launch.ts";
import { defineOp } from "../op.ts";
import { sumOverSamples } from "../shard-sum.ts";
import { shapeText, type Tensor } from "../tensor.ts";
import { usesWinograd, type Convolution, type ConvolutionPass } from "./convolution-table.ts";
import { columnSum } from "./gemm.ts";
import { both, type Pair } from "./pair.ts";

export type { Pair };

export interface Conv2dOptions {
  /** Rows and columns from one window to the next; 1 by default. */
  readonly stride?: Pair;
  /** Zeros on every side, a number (no "same": it is (size - 1) / 2 for odd filters); 0 by default. */
  readonly padding?: Pair;
  /** Distance of the taps of a filter; 1 by default. */
  readonly dilation?: Pair;
  /** Channels are convolved in so many groups; as many as channels for depthwise ones; 1 by default. */
  readonly groups?: number;
  /** "direct" for convolutions without Winograd's transforms: slower, last bits nearer to the exact value. */
  readonly convolution?: Convolution;
}

interface Geometry {
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly groups: number;
}

interface ConvAttributes extends Geometry {
  readonly convolution: Convolution;
}

function sizesOf(x: Tensor, filter: Tensor, attributes: ConvAttributes): kernels.ConvSizes {
  const [n, h, w, c] = x.shape;
  const [r, s, , k] = filter.shape;
  return { n, h, w, c, k, r, s, ...attributes };
}

function isWinograd(sizes: kernels.ConvSizes, { convolution }: ConvAttributes, pass: ConvolutionPass): boolean {
  return convolution === "winograd" && usesWinograd(sizes, pass);
}

export const conv2dOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor, Tensor | null], ConvAttributes>("conv2d", {
  forward: ([x, filter, bias], attributes) => {
    const sizes = sizesOf(x, filter, attributes);
    const y = emptyLike(x, [sizes.n, kernels.convRows(sizes), kernels.convColumns(sizes), sizes.k]);
    if (isWinograd(sizes, attributes, "forward")) launch(winograd.conv2dWinograd, { x, filter, bias, y }, sizes);
    else launch(kernels.conv2d, { x, filter, bias, y }, sizes);
    return y;
  },
  vjp: (dy, _y, [x, filter, bias], attributes) => {
    const sizes = sizesOf(x, filter, attributes);
    return [
      () => {
        const dx = emptyLike(x);
        if (isWinograd(sizes, attributes, "inputGradient")) launch(winograd.conv2dWinogradInputGradient, { dy, filter, dx }, sizes);
        else launch(kernels.conv2dInputGradient, { dy, filter, dx }, sizes);
        return dx;
      },
      () =>
        sumOverSamples(x.backend, dy.batch, sizes.n, filter.shape, (from, n, dfilter) => {
          const part = { x: rowBuffer(x, from, n), dy: rowBuffer(dy, from, n), dfilter };
          if (isWinograd(sizes, attributes, "weightGradient")) launch(winograd.conv2dWinogradWeightGradient, part, { ...sizes, n });
          else launch(kernels.conv2dWeightGradient, part, { ...sizes, n });
        }),
      bias ? () => columnSum(dy, sizes.k) : null,
    ];
  },
  samples: [
    { inputs: [[2, 5, 4, 3], [3, 3, 3, 2], [2]], attributes: attributesOf({ padding: 1 }) },
    { inputs: [[2, 6, 5, 2], [3, 3, 2, 3], null], attributes: attributesOf({ stride: 2, padding: 1 }) },
    { inputs: [[1, 4, 4, 3], [1, 1, 3, 4], [4]], attributes: attributesOf({ stride: 2 }) },
    { inputs: [[1, 6, 7, 4], [3, 2, 2, 4], [4]], attributes: attributesOf({ padding: [2, 1], dilation: [2, 1], groups: 2 }) },
    { inputs: [[1, 5, 5, 3], [3, 3, 1, 3], null], attributes: attributesOf({ padding: 1, groups: 3 }) },
    { inputs: [[1, 4, 4, 16], [3, 3, 16, 16], [16]], attributes: attributesOf({ padding: 1 }) },
  ],
});

function attributesOf({ stride = 1, padding = 0, dilation = 1, groups = 1, convolution = "winograd" }: Conv2dOptions): ConvAttributes {
  const [strideH, strideW] = both(stride);
  const [padH, padW] = both(padding);
  const [dilationH, dilationW] = both(dilation);
  return { strideH, strideW, padH, padW, dilationH, dilationW, groups, convolution };
}

/**
 * Convolution of x [N, H, W, C] with a filter [R, S, C / groups, K] and an optional bias [K]; y is [N, P, Q, K] with
 * P = floor((H + 2 padding - dilation (R - 1) - 1) / stride) + 1 and Q likewise.
 */
export function conv2d(x: Tensor, filter: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  wantOptions("conv2d", options, "stride", "padding", "dilation", "groups", "convolution");
  const attributes = attributesOf(options);
  const { groups, strideH, strideW, dilationH, dilationW, padH, padW } = attributes;
  for (const [name, least, ...values] of [
    ["stride", 1, strideH, strideW],
    ["dilation", 1, dilationH, dilationW],
    ["padding", 0, padH, padW],
    ["groups", 1, groups],
  ] as const)
    for (const value of values)
      if (!Number.isInteger(value) || value < least)
        throw new Error(`conv2d: ${name} ${value}, wanted a whole number of at least ${least}`);
  const fits = filter.shape[2] * groups === x.shape[3] && filter.shape[3] % groups === 0;
  if (x.rank !== 4 || filter.rank !== 4 || !fits)
    throw new Error(
      `conv2d: input ${shapeText(x.shape)} with filter ${shapeText(filter.shape)} in ${groups} groups, wanted [N,H,W,C] with [R,S,C/groups,K]`,
    );
  if (bias && (bias.rank !== 1 || bias.shape[0] !== filter.shape[3]))
    throw new Error(`conv2d: bias ${shapeText(bias.shape)} with filter ${shapeText(filter.shape)}, wanted [${filter.shape[3]}]`);
  const sizes = sizesOf(x, filter, attributes);
  if (kernels.convRows(sizes) < 1 || kernels.convColumns(sizes) < 1)
    throw new Error(
      `conv2d: filter ${shapeText(filter.shape)} on ${shapeText(x.shape)} with padding ${padH},${padW}, wanted an input that it fits in`,
    );
  return conv2dOp([x, filter, bias], attributes);
}
