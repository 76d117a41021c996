// Sizes that put a given length on every axis of a kernel along which vectors, blocks or tails run.
import { convColumns, convRows } from "../../../ts/kernels/conv.ts";
import { stridedCopy } from "../../../ts/kernels/elementwise.ts";
import type { DefinedKernel } from "../../../ts/definitions/definition.ts";
import type { Sizes } from "../harness.ts";

type AtLength = (length: number) => readonly Sizes[];

const seeds = { key0: 5, key1: 6, counter1: 1, counter2: 7, counter3: 0xfffffff8, firstRow: 9 };

const along: AtLength = (l) => [
  { outer: 2, length: l, inner: 1 },
  { outer: 2, length: 3, inner: l },
  { outer: 1, length: l, inner: 5 },
];

const rowsAndColumns: AtLength = (l) => [
  { rows: 3, cols: l, eps: 1e-6 },
  { rows: l, cols: 5, eps: 1e-6 },
];

const weights: AtLength = (l) => rowsAndColumns(l).map((sizes, i) => ({ ...sizes, parts: (l + 3 * i) % 8, shift: l % 2 === 0 ? 0 : -0 }));

const rowsAndChannels: AtLength = (l) => [
  { rows: l, c: 5, relu: 1, count: l + 7, eps: 1e-5 },
  { rows: 3, c: l, relu: 0, count: 10, eps: 1e-5 },
  { rows: 2, c: l, relu: 1, count: 2, eps: 1e-5 },
];

const channels: AtLength = (l) => [{ c: l, eps: 1e-5, momentum: 0.1, count: l + 1 }];

const groups: AtLength = (l) => [
  { n: 2, pixels: l, c: 6, groups: 2, eps: 1e-5 },
  ...(l > 0 ? [{ n: 1, pixels: 5, c: l, groups: l % 3 === 0 ? l / 3 : 1, eps: 1e-5 }] : []),
];

const pixels: AtLength = (l) => [
  { n: 2, pixels: l, c: 5 },
  { n: 1, pixels: 3, c: l },
];

const window = { n: 1, h: 5, w: 4, c: 3, size: 3, stride: 2, padding: 1 };

const windows: AtLength = (l) => [
  { ...window, c: l },
  { ...window, n: 2, c: l, size: 2, padding: 0 },
  { ...window, h: 2, w: l },
];

const samplings: AtLength = (l) => [
  { n: 1, h: 3, w: 2, c: l, stride: 2, k: l + 3 },
  { n: 1, h: 2, w: l, c: 3, stride: 2, k: 5 },
];

const convolution = {
  ...{ n: 1, h: 3, w: 4, c: 3, k: 5, r: 3, s: 3 },
  ...{ strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 },
};

/** Input channels, output channels, both in groups and one a channel, image columns. */
const convolutions: AtLength = (l) =>
  l === 0
    ? [{ ...convolution, n: 0 }]
    : [
        { ...convolution, h: 2, w: 2, c: l },
        { ...convolution, h: 2, w: 3, k: l, strideW: 2 },
        { ...convolution, h: 2, w: 2, c: 2 * l, k: 2 * l, r: 1, s: 1, padH: 0, padW: 0, groups: 2 },
        { ...convolution, h: 3, w: 3, c: l, k: l, groups: l, strideH: 2 },
        { ...convolution, h: 1, w: l, c: 2, k: 3, r: 1 },
      ].filter((sizes) => sizes.groups < 3 || l > 1);

const winograds: AtLength = (l) => {
  const sizes = { n: 1, h: (l % 9) + 1, w: Math.floor(l / 9) + 1, c: 16, k: 16 };
  return l < 63 ? [sizes] : l < 67 ? [{ ...sizes, h: 3, w: 5, c: 16 * (l - 61), k: 32 }] : [];
};

const strided: AtLength = (l) => [
  stridedCopy([l], [1], [1]),
  stridedCopy([l, 5], [1, l], [5, 1]),
  stridedCopy([3, l], [1, 3], [Math.max(1, l), 1]),
  stridedCopy([2, l], [0, 1], [Math.max(1, l), 1]),
  stridedCopy([l, 3], [-3, 1], [3, 1], 3 * Math.max(0, l - 1)),
];

/** By the start of a kernel's name; the longest start counts. The rest are the kernels with a `length` alone. */
const table: Readonly<Record<string, AtLength>> = {
  reduce_: along,
  argmax: along,
  tree_sum: (l) => [
    { count: 5, width: l },
    { count: l, width: 5 },
  ],
  row_: rowsAndColumns,
  orthogonal_: rowsAndColumns,
  stream_: rowsAndColumns,
  weighted_: weights,
  softmax: rowsAndColumns,
  log_softmax: rowsAndColumns,
  softmax_cross_entropy_f32: (l) => rowsAndColumns(l).map((sizes, i) => ({ ...sizes, smoothing: (i + l) % 2 === 0 ? 0.1 : 0 })),
  batch_norm_: rowsAndChannels,
  batch_norm_scale: channels,
  batch_norm_running: channels,
  batch_norm_combine: (l) => [
    { samples: l, shards: 7, rowsPerSample: 3, c: 5 },
    { samples: 20, shards: Math.min(24, l + 1), rowsPerSample: 1, c: 2 },
    { samples: 9, shards: 4, rowsPerSample: 2, c: l },
  ],
  layer_norm: rowsAndChannels,
  group_norm: groups,
  global_average: pixels,
  max_pool2d: windows,
  average_pool2d: windows,
  subsample2d: samplings,
  dropout: (l) => [
    { ...seeds, rows: 2, cols: l, p: 0.3 },
    { ...seeds, rows: l, cols: 5, p: 0.5 },
  ],
  conv2d_: convolutions,
  conv2d_winograd: winograds,
  copy_strided: strided,
  attention_: (l) => [
    { n: 1, t: l, heads: 2, d: 5, scale: 0.4 },
    { n: 2, t: 5, heads: 1, d: l, scale: 0.3 },
  ],
  gemm_: (l) => [
    { m: l, n: 5, k: 7 },
    { m: 6, n: l, k: 5 },
    { m: 3, n: 18, k: l },
  ],
};

/** The sizes of a kernel at a length. */
export function sizesAt(kernel: DefinedKernel, length: number): readonly Sizes[] {
  const start = Object.keys(table)
    .filter((key) => kernel.name.startsWith(key))
    .sort((a, b) => b.length - a.length)[0];
  const all = start === undefined ? kernel.samples.slice(-2).map((sample) => ({ ...sample, length })) : table[start](length);
  return all.filter((sizes) => !start?.startsWith("conv2d_") || fits(sizes)).map((sizes) => pick(kernel, sizes));
}

/** Whether a convolution has an output. */
function fits(sizes: Sizes): boolean {
  const all = { ...convolution, ...sizes };
  return convRows(all) > 0 && convColumns(all) > 0;
}

/** The numbers that the kernel takes. */
function pick(kernel: DefinedKernel, sizes: Sizes): Sizes {
  const missing = kernel.numbers.filter((name) => !(name in sizes));
  if (missing.length > 0) throw new Error(`${kernel.name}: no ${missing.join(", ")} in ${JSON.stringify(sizes)}`);
  return Object.fromEntries(kernel.numbers.map((name) => [name, sizes[name]]));
}
