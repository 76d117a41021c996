// The shapes that the kernel benches run: those of the layers of our models, and those by which other work can be compared.
import type { ConvSizes } from "../ts/kernels/conv.ts";

export interface GemmShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const square = (size: number): GemmShape => ({ m: size, n: size, k: size });

export const GEMM_SHAPES: readonly GemmShape[] = [
  square(64),
  square(128),
  square(256),
  square(512),
  square(1024),
  square(2048),
  { m: 384, n: 1536, k: 384 },
  { m: 32768, n: 16, k: 144 },
  // The last layer of a ResNet for CIFAR-10, batch 128.
  { m: 128, n: 10, k: 64 },
];

export interface AttentionShape {
  readonly n: number;
  readonly t: number;
  readonly heads: number;
  readonly d: number;
}

/** ViTs for 32x32 images in patches of 4, and for 224x224 in patches of 16, with a class token. */
export const ATTENTION_SHAPES: readonly AttentionShape[] = [
  { n: 16, t: 65, heads: 3, d: 64 },
  { n: 4, t: 197, heads: 12, d: 64 },
];

export interface ConvShape {
  /** Part of the row's name: filter and stride, channels, image, batch. */
  readonly label: string;
  readonly sizes: ConvSizes;
  /** Whether the input needs a gradient: that of a net's first layer does not. */
  readonly first?: boolean;
  /** Among those that --quick runs. */
  readonly quick?: boolean;
}

const unit = { r: 3, s: 3, strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 };

/** A convolution of square images with a square filter that keeps their size but for the stride. */
export function convSizes(n: number, size: number, c: number, k: number, { filter = 3, stride = 1 } = {}): ConvSizes {
  const pad = (filter - 1) / 2;
  return { ...unit, n, h: size, w: size, c, k, r: filter, s: filter, strideH: stride, strideW: stride, padH: pad, padW: pad };
}

function shape(
  n: number,
  size: number,
  c: number,
  k: number,
  options: { filter?: number; stride?: number; first?: boolean; quick?: boolean } = {},
): ConvShape {
  const { filter = 3, stride = 1, first = false, quick = false } = options;
  const label = `${filter}x${filter}${stride === 1 ? "" : `s${stride}`}_${c}to${k}_${size}x${size}_b${n}`;
  return { label, sizes: convSizes(n, size, c, k, { filter, stride }), first, quick };
}

export const CONV_SHAPES: readonly ConvShape[] = [
  // The three stages of ResNet-20 to ResNet-1001, and one of the ImageNet nets.
  shape(32, 32, 16, 16, { quick: true }),
  shape(32, 16, 32, 32, { quick: true }),
  shape(32, 8, 64, 64, { quick: true }),
  shape(8, 56, 64, 64),
  // ResNetV2-18 on 32x32 images.
  shape(8, 32, 64, 64),
  shape(8, 16, 128, 128),
  shape(8, 8, 256, 256),
  shape(8, 4, 512, 512),
  // Where the stages begin, and their shortcuts.
  shape(32, 32, 16, 32, { stride: 2, quick: true }),
  shape(32, 16, 32, 64, { stride: 2 }),
  shape(32, 32, 16, 32, { filter: 1, stride: 2 }),
  shape(32, 8, 64, 256, { filter: 1 }),
  // First layers.
  shape(32, 32, 3, 16, { first: true, quick: true }),
  shape(4, 224, 3, 64, { filter: 7, stride: 2, first: true }),
];

/** Working sets of elementwise kernels, in bytes over all buffers of a call. */
export const MEMORY_LEVELS = [
  { name: "l1", bytes: 24 * 2 ** 10 },
  { name: "l2", bytes: 384 * 2 ** 10 },
  { name: "dram", bytes: 192 * 2 ** 20 },
] as const;
