// Which convolutions run as Winograd's F(4x4, 3x3) and which directly. Both give the same function with other last bits, so this table is
// part of the numerics contract: it looks at the layer, never at the batch, the threads or the clock. `npm run bench -- --only
// winograd-table` measures what it should say; sizes were chosen for batches of 128 in 24 shards.
import type { ConvSizes } from "../../kernels/conv.ts";

/** "winograd" where the table says so, or "direct" throughout. */
export type Convolution = "winograd" | "direct";

export type ConvolutionPass = "forward" | "inputGradient" | "weightGradient";

interface Row {
  /** Height and width of the image, at least and at most. */
  readonly least: number;
  readonly most: number;
  /** Channels in or out, whichever are more, at most. */
  readonly channels: number;
  readonly winograd: readonly ConvolutionPass[];
}

/** Of 3x3 filters with stride 1 and padding 1, channels a multiple of 16. The first row that fits counts; where none fits: direct. */
const TABLE: readonly Row[] = [
  { least: 6, most: Infinity, channels: 512, winograd: ["forward", "inputGradient", "weightGradient"] },
  { least: 4, most: 4, channels: 128, winograd: ["forward", "inputGradient", "weightGradient"] },
  { least: 4, most: 4, channels: 512, winograd: ["forward", "inputGradient"] },
];

/** Whether the table gives this pass of a layer to Winograd. */
export function usesWinograd(sizes: ConvSizes, pass: ConvolutionPass): boolean {
  const { h, w, c, k, r, s, strideH, strideW, padH, padW, dilationH, dilationW, groups } = sizes;
  if (r !== 3 || s !== 3 || padH !== 1 || padW !== 1 || c % 16 !== 0 || k % 16 !== 0) return false;
  if (strideH * strideW * dilationH * dilationW * groups !== 1) return false;
  const channels = Math.max(c, k);
  const row = TABLE.find(({ least, most, channels: limit }) => h >= least && w >= least && h <= most && w <= most && channels <= limit);
  return row !== undefined && row.winograd.includes(pass);
}
