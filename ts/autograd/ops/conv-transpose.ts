// Transposed convolution: what a convolution does to the gradient of its input, as a forward. Filters are [R, S, outputs / groups, inputs].
import * as kernels from "../../kernels/conv.ts";
import { wantOptions } from "../../options.ts";
import { emptyLike, launch, rowBuffer } from "../launch.ts";
import { defineOp } from "../op.ts";
import { sumOverSamples } from "../shard-sum.ts";
import { shapeText, type Tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";
import { both, type Pair } from "./pair.ts";

export interface ConvTranspose2dOptions {
  readonly stride?: Pair;
  readonly padding?: Pair;
  /** Rows and columns more at the end, below the stride. */
  readonly outputPadding?: Pair;
  readonly dilation?: Pair;
  readonly groups?: number;
}

/** The convolution that this one is the transposed one of: from [N, h, w, c] to x [N, H, W, k]. */
function sizesOf(x: Tensor, filter: Tensor, options: ConvTranspose2dOptions): kernels.ConvSizes {
  const { groups = 1 } = options;
  const [strideH, strideW] = both(options.stride ?? 1);
  const [padH, padW] = both(options.padding ?? 0);
  const [dilationH, dilationW] = both(options.dilation ?? 1);
  const [moreH, moreW] = both(options.outputPadding ?? 0);
  const [n, rows, columns, k] = x.shape;
  const [r, s, c] = filter.shape;
  const h = (rows - 1) * strideH - 2 * padH + dilationH * (r - 1) + 1 + moreH;
  const w = (columns - 1) * strideW - 2 * padW + dilationW * (s - 1) + 1 + moreW;
  return { n, h, w, c: c * groups, k, r, s, strideH, strideW, padH, padW, dilationH, dilationW, groups };
}

export const convTranspose2dOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor], ConvTranspose2dOptions>("convTranspose2d", {
  forward: ([x, filter], options) => {
    const sizes = sizesOf(x, filter, options);
    const y = emptyLike(x, [sizes.n, sizes.h, sizes.w, sizes.c]);
    launch(kernels.conv2dInputGradient, { dy: x, filter, dx: y }, sizes);
    return y;
  },
  vjp: (dy, _y, [x, filter], options) => {
    const sizes = sizesOf(x, filter, options);
    return [
      () => {
        const dx = emptyLike(x);
        launch(kernels.conv2d, { x: dy, filter, bias: null, y: dx }, sizes);
        return dx;
      },
      () =>
        sumOverSamples(x.backend, dy.batch, sizes.n, filter.shape, (from, n, dfilter) => {
          launch(kernels.conv2dWeightGradient, { x: rowBuffer(dy, from, n), dy: rowBuffer(x, from, n), dfilter }, { ...sizes, n });
        }),
    ];
  },
  samples: [
    {
      inputs: [
        [2, 3, 2, 3],
        [3, 3, 2, 3],
      ],
      attributes: { stride: 2, padding: 1, outputPadding: 1 },
    },
    {
      inputs: [
        [1, 3, 4, 4],
        [2, 3, 1, 4],
      ],
      attributes: { dilation: [1, 2], groups: 2, padding: [1, 0] },
    },
  ],
});

/**
 * Transposed convolution of x [N, H, W, inputs] with a filter [R, S, outputs / groups, inputs] and an optional bias [outputs]; y is
 * [N, P, Q, outputs] with P = (H - 1) stride - 2 padding + dilation (R - 1) + 1 + outputPadding and Q likewise.
 */
export function convTranspose2d(x: Tensor, filter: Tensor, bias: Tensor | null = null, options: ConvTranspose2dOptions = {}): Tensor {
  wantOptions("convTranspose2d", options, "stride", "padding", "outputPadding", "dilation", "groups");
  const { groups = 1 } = options;
  const shapes = `input ${shapeText(x.shape)} with filter ${shapeText(filter.shape)} in ${groups} groups`;
  if (x.rank !== 4 || filter.rank !== 4 || filter.shape[3] !== x.shape[3] || x.shape[3] % groups !== 0)
    throw new Error(`convTranspose2d: ${shapes}, wanted [N,H,W,C] with [R,S,K/groups,C]`);
  const sizes = sizesOf(x, filter, options);
  const numbers = [sizes.strideH, sizes.strideW, sizes.dilationH, sizes.dilationW, groups];
  if (
    !numbers.every((value) => Number.isInteger(value) && value >= 1) ||
    !(sizes.padH >= 0 && sizes.padW >= 0 && sizes.h >= 1 && sizes.w >= 1)
  )
    throw new Error(
      `convTranspose2d: ${shapes} to ${sizes.h} x ${sizes.w} pixels, wanted at least 1, and strides, dilations and groups too`,
    );
  if (kernels.convRows(sizes) !== x.shape[1] || kernels.convColumns(sizes) !== x.shape[2])
    throw new Error(`convTranspose2d: output padding ${both(options.outputPadding ?? 0).join(",")}, wanted 0 to below the stride`);
  if (bias && (bias.rank !== 1 || bias.shape[0] !== sizes.c))
    throw new Error(`convTranspose2d: bias ${shapeText(bias.shape)}, wanted [${sizes.c}]`);
  const y = convTranspose2dOp([x, filter], options);
  return bias ? add(y, bias) : y;
}
