// Batch norm with given statistics behind a convolution, as the convolution alone: its filter and bias take scale and shift.
//   norm(conv(x, filter) + bias) = conv(x, filter * scale) + (bias * scale + shift), scale and shift a channel, as in kernels/norm.ts
// Equal up to rounding: products are scaled before they are summed instead of after. Has no gradient.
import { relu as reluKernel } from "../../kernels/elementwise.ts";
import { batchNorm as scaleKernel, batchNormScale } from "../../kernels/norm.ts";
import { emptyLike, launch, rowsOf } from "../launch.ts";
import { noGrad, scope } from "../scope.ts";
import { shapeText, type Tensor } from "../tensor.ts";
import { conv2d, type Conv2dOptions } from "./conv.ts";

export interface Convolution2d {
  readonly filter: Tensor;
  readonly bias: Tensor | null;
  readonly options?: Conv2dOptions;
}

export interface FixedNorm {
  /** Mean and variance, [2, K]. */
  readonly statistics: Tensor;
  readonly gamma: Tensor | null;
  readonly beta: Tensor | null;
  readonly eps: number;
  /** Follow with max(y, 0). */
  readonly relu?: boolean;
}

/** What a convolution and the norm behind it are together. */
export interface FoldedConvolution {
  readonly filter: Tensor;
  readonly bias: Tensor;
}

/** Filter and bias of the convolution that does what the two do. */
export function foldBatchNorm(
  { filter, bias }: Pick<Convolution2d, "filter" | "bias">,
  { statistics, gamma, beta, eps }: FixedNorm,
): FoldedConvolution {
  const c = filter.shape[3];
  if (statistics.size !== 2 * c)
    throw new Error(`foldBatchNorm: statistics ${shapeText(statistics.shape)} behind ${c} channels, wanted [2,${c}]`);
  return scope(() => {
    const scaleShift = emptyLike(statistics, [3, c]);
    launch(batchNormScale, { meanVariance: statistics, gamma, beta, y: scaleShift }, { c, eps });
    const shift = rowsOf(scaleShift, 1, 1);
    const foldedBias = emptyLike(filter, [c]);
    if (bias) launch(scaleKernel, { x: bias, scaleShift, y: foldedBias }, { rows: 1, c, relu: 0 });
    else shift.backend.copy(shift.buffer, foldedBias.buffer);
    // The filter is scaled only.
    shift.backend.fill(shift.buffer, 0);
    const foldedFilter = emptyLike(filter);
    launch(scaleKernel, { x: filter, scaleShift, y: foldedFilter }, { rows: filter.size / c, c, relu: 0 });
    return { filter: foldedFilter, bias: foldedBias };
  });
}

/** conv2d(x, filter, bias), then max(y, 0) where `relu` is set; not recorded. */
export function foldedConv2d(
  x: Tensor,
  { filter, bias }: FoldedConvolution,
  { options, relu }: { readonly options?: Conv2dOptions; readonly relu?: boolean },
): Tensor {
  return noGrad(() => {
    const y = conv2d(x, filter, bias, options);
    if (relu) launch(reluKernel, { x: y, y }, { length: y.size });
    return y;
  });
}

/** batchNorm(conv2d(x, filter, bias), gamma, beta) with fixed statistics, as one convolution; not recorded. */
export function conv2dBatchNorm(x: Tensor, convolution: Convolution2d, norm: FixedNorm): Tensor {
  return scope(() => foldedConv2d(x, foldBatchNorm(convolution, norm), { options: convolution.options, relu: norm.relu }));
}
