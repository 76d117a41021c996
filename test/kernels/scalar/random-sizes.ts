// Random sizes of every kernel, the same for the same seed: most small and uneven, some past the blocks that sums and panels are cut in.
import { convColumns, convRows, type ConvSizes } from "../../../ts/kernels/conv.ts";
import { stridedCopy } from "../../../ts/kernels/elementwise.ts";
import type { DefinedKernel } from "../../../ts/definitions/definition.ts";
import type { Sizes } from "../harness.ts";

export interface Draw {
  /** A whole number from `least` to `most`. */
  readonly whole: (least: number, most: number) => number;
  /** The same, small ones far more often. */
  readonly small: (least: number, most: number) => number;
  readonly one: <T>(values: readonly T[]) => T;
}

/** Draws from a seed (mulberry32). */
export function drawsOf(seed: number): Draw {
  let state = Math.imul(seed, 0x9e3779b1) | 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
  const whole = (least: number, most: number): number => least + Math.floor(unit() * (most - least + 1));
  return {
    whole,
    small: (least, most) => {
      const u = unit();
      return least + Math.floor(u * u * u * (most - least + 1));
    },
    one: (values) => values[whole(0, values.length - 1)],
  };
}

type Random = (draw: Draw) => Sizes;

const reduction: Random = ({ small, one }) =>
  one([
    () => ({ outer: small(1, 5), length: small(0, 9000), inner: 1 }),
    () => ({ outer: small(1, 4), length: small(0, 700), inner: small(2, 90) }),
  ])();

const rowsAndColumns: Random = ({ small, one }) => ({
  ...one([
    { rows: small(0, 80), cols: small(1, 70) },
    { rows: small(1, 5), cols: small(1, 3300) },
  ]),
  ...{ eps: one([1e-6, 1e-3]), smoothing: one([0, 0.1, 0.25]) },
});

const rowsAndChannels: Random = ({ small, one, whole }) => ({
  ...one([
    { rows: small(0, 400), c: small(1, 150) },
    { rows: small(1, 6), c: small(1, 2500) },
  ]),
  ...{ relu: whole(0, 1), count: whole(1, 500), eps: one([1e-5, 1e-3]), momentum: one([0.1, 0.01]) },
});

const windows: Random = ({ small, whole }) => {
  const size = whole(1, 4);
  return { n: small(0, 3), h: small(1, 14), w: small(1, 14), c: small(1, 70), size, stride: whole(1, 4), padding: whole(0, size >> 1) };
};

/** A convolution that fits and is no more than some million products. */
function convolution({ small, whole, one }: Draw): ConvSizes {
  for (;;) {
    const kind = one(["plain", "plain", "plain", "groups", "depthwise"]);
    const groups = kind === "plain" ? 1 : kind === "groups" ? whole(2, 4) : small(2, 70);
    const c = kind === "plain" ? small(1, 320) : kind === "groups" ? groups * small(1, 40) : groups;
    const k = kind === "plain" ? small(1, 70) : kind === "groups" ? groups * small(1, 30) : groups;
    const sizes = {
      ...{ n: small(1, 40), h: small(1, 30), w: small(1, 30), c, k, r: whole(1, 5), s: whole(1, 5), groups },
      ...{ strideH: small(1, 4), strideW: small(1, 4), padH: whole(0, 3), padW: whole(0, 3) },
      ...{ dilationH: small(1, 3), dilationW: small(1, 3) },
    };
    const outputs = sizes.n * convRows(sizes) * convColumns(sizes);
    if (outputs > 0 && (outputs * sizes.r * sizes.s * c * k) / groups < 1e6) return sizes;
  }
}

const table: Readonly<Record<string, Random>> = {
  gemm_: ({ small }) => ({ m: small(1, 150), n: small(1, 600), k: small(1, 700) }),
  conv2d_: convolution,
  conv2d_winograd: ({ small, whole }) => ({ n: small(1, 6), h: small(1, 18), w: small(1, 18), c: 16 * whole(1, 3), k: 16 * whole(1, 3) }),
  reduce_: reduction,
  argmax: reduction,
  tree_sum: ({ small }) => ({ count: small(0, 130), width: small(0, 130) }),
  row_: rowsAndColumns,
  orthogonal_: rowsAndColumns,
  stream_: rowsAndColumns,
  softmax: rowsAndColumns,
  log_softmax: rowsAndColumns,
  batch_norm_: rowsAndChannels,
  batch_norm_combine: ({ small }) => ({ samples: small(0, 300), shards: small(1, 40), rowsPerSample: small(1, 1024), c: small(1, 70) }),
  layer_norm: rowsAndChannels,
  group_norm: ({ small, whole }) => {
    const groups = small(1, 16);
    return { n: small(0, 4), pixels: small(1, 300), c: groups * whole(1, 9), groups, eps: 1e-5 };
  },
  global_average: ({ small }) => ({ n: small(0, 5), pixels: small(0, 400), c: small(1, 70) }),
  max_pool2d: windows,
  average_pool2d: windows,
  subsample2d: ({ small, whole }) => {
    const c = small(1, 90);
    return { n: small(0, 3), h: small(1, 12), w: small(1, 12), c, stride: whole(1, 4), k: c + small(0, 90) };
  },
  philox: ({ small, whole }) => ({ length: small(0, 3000), ...seedsOf(whole) }),
  dropout: ({ small, whole, one }) => ({ rows: small(0, 50), cols: small(1, 300), p: one([0, 0.1, 0.5, 0.999, 1]), ...seedsOf(whole) }),
  copy_strided: ({ small, whole }) => {
    const shape = Array.from({ length: whole(1, 6) }, () => small(1, 9));
    const order = shape.map((_, i) => i).sort((a, b) => ((a * 7919 + shape[0]) % 13) - ((b * 7919 + shape[0]) % 13));
    const dense = shape.map((_, i) => shape.slice(i + 1).reduce((product, length) => product * length, 1));
    const permuted = order.map((axis) => shape[axis]);
    return stridedCopy(
      permuted,
      order.map((axis) => dense[axis]),
      permuted.map((_, i) => permuted.slice(i + 1).reduce((product, length) => product * length, 1)),
      small(0, 5),
      small(0, 5),
    );
  },
};

function seedsOf(whole: Draw["whole"]): Sizes {
  const names = ["key0", "key1", "counter1", "counter2", "counter3", "firstRow"];
  return Object.fromEntries(names.map((name) => [name, whole(0, name === "firstRow" ? 100000 : 0xffffffff)]));
}

/** Random sizes of a kernel; those of `table`, else a length with the numbers of one of its samples. */
export function randomSizes(kernel: DefinedKernel, draw: Draw): Sizes {
  const start = Object.keys(table)
    .filter((key) => kernel.name.startsWith(key))
    .sort((a, b) => b.length - a.length)[0];
  const sizes = start === undefined ? { ...draw.one(kernel.samples), length: draw.small(0, 5000) } : table[start](draw);
  const missing = kernel.numbers.filter((name) => !(name in sizes));
  if (missing.length > 0) throw new Error(`${kernel.name}: no ${missing.join(", ")} in ${JSON.stringify(sizes)}`);
  return Object.fromEntries(kernel.numbers.map((name) => [name, sizes[name]]));
}
