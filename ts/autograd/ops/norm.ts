// Batch norm over the last axis (channels), with whole-batch or group statistics, and fused ReLU. Statistics of a batch are taken
// shard by shard as (mean, M2) and combined in the fixed tree; threads that hold different shards meet once forward, once backward.
import type { Buffer } from "../../backend/backend.ts";
import * as kernels from "../../kernels/norm.ts";
import { treeSum } from "../../kernels/reduce.ts";
import { remembered } from "../checkpoint.ts";
import { emptyLike, launch, overwriting, rowBuffer, rowsOf } from "../launch.ts";
import { defineOp } from "../op.ts";
import { alias, keep, overBuffer } from "../scope.ts";
import { shareShards } from "../shard-sum.ts";
import { shardStart, sliceStart, wholeBatch, type BatchSlice } from "../slice.ts";
import { shapeText, sizeOf, type Tensor } from "../tensor.ts";

export interface BatchNormAttributes {
  readonly eps: number;
  readonly relu: boolean;
  /** Mean and variance to use, [2, C], instead of those of the batch. */
  readonly fixed?: Tensor;
  /** Told the batch's mean and biased variance, [2, C], and the number of values a channel they are of. */
  readonly observe?: (statistics: Tensor, count: number) => unknown;
}

/** A run of local rows that are normalized together. */
interface Group {
  readonly from: number;
  readonly count: number;
}

/** Positions of a sample; also where no sample is held here. */
function pixelsOf(x: Tensor): number {
  return sizeOf(x.shape.slice(1, -1));
}

function sliceFor(x: Tensor): BatchSlice {
  return x.batch ?? wholeBatch(x.shape[0], { shards: 1 });
}

function scaleOf(statistics: Tensor, gamma: Tensor | null, beta: Tensor | null, c: number, eps: number): Tensor {
  const y = emptyLike(statistics, [3, c]);
  launch(kernels.batchNormScale, { meanVariance: statistics, gamma, beta, y }, { c, eps });
  return y;
}

/** One row a shard, [local shards, 2, C]. */
function perShard(x: Tensor, slice: BatchSlice, c: number, run: (from: number, count: number, out: Tensor) => void): Tensor {
  const rows = emptyLike(x, [slice.last - slice.first, 2, c]);
  const start = sliceStart(slice);
  for (let shard = slice.first; shard < slice.last; shard++) {
    const first = shardStart(slice, shard);
    run(first - start, shardStart(slice, shard + 1) - first, rowsOf(rows, shard - slice.first, 1));
  }
  return rows;
}

function momentsInto(x: Tensor, from: number, count: number, moments: Tensor, pixels: number, c: number): void {
  launch(kernels.batchNormMoments, { x: rowBuffer(x, from, count), moments }, { rows: count * pixels, c });
}

/** Mean and variance of the whole batch. */
function batchStatistics(x: Tensor, slice: BatchSlice, pixels: number, c: number): Tensor {
  const rows = perShard(x, slice, c, (from, count, out) => momentsInto(x, from, count, out, pixels, c));
  const all = overBuffer(x.backend, [slice.shards, 2, c], shareShards(rows, 2 * c, slice));
  const y = emptyLike(x, [2, c]);
  launch(kernels.batchNormCombine, { moments: all, y }, { samples: slice.size, shards: slice.shards, rowsPerSample: pixels, c });
  return y;
}

function groupsOf(x: Tensor, { normGroup }: BatchSlice): Group[] {
  const groups: Group[] = [];
  for (let from = 0; from < x.shape[0]; from += normGroup) groups.push({ from, count: Math.min(normGroup, x.shape[0] - from) });
  return groups;
}

/** Statistics of each group held here, [groups, 2, C]; tells `observe` those of all whole groups together, once threads meet anyway. */
function groupStatistics(
  x: Tensor,
  slice: BatchSlice,
  groups: readonly Group[],
  pixels: number,
  c: number,
  observe: BatchNormAttributes["observe"],
): Tensor {
  const moments = emptyLike(x, [groups.length, 2, c]);
  const statistics = emptyLike(x, [groups.length, 2, c]);
  groups.forEach(({ from, count }, index) => {
    momentsInto(x, from, count, rowsOf(moments, index, 1), pixels, c);
    launch(
      kernels.batchNormCombine,
      { moments: rowsOf(moments, index, 1), y: rowsOf(statistics, index, 1) },
      { samples: count, shards: 1, rowsPerSample: pixels, c },
    );
  });
  if (!observe) return statistics;
  const tell = (held: Tensor): void => {
    const all = Math.ceil(slice.size / slice.normGroup);
    const whole = Math.floor(slice.size / slice.normGroup);
    const offset = (sliceStart(slice) / slice.normGroup) * 2 * c;
    const shared = slice.exchange ? slice.exchange.share(held.backend.view(held.buffer, 0, held.size), offset, all * 2 * c) : held.buffer;
    const [count, size] = whole === 0 ? [1, slice.size] : [whole, slice.normGroup];
    const y = emptyLike(held, [2, c]);
    const rows = overBuffer(held.backend, [all, 2, c], shared);
    launch(kernels.batchNormCombine, { moments: rows, y }, { samples: count, shards: count, rowsPerSample: size * pixels, c });
    observe(y, count * size * pixels);
  };
  if (!slice.exchange) tell(moments);
  else {
    keep(moments);
    slice.exchange.later(() => {
      tell(moments);
      moments.dispose();
    });
  }
  return statistics;
}

export const batchNormOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor | null, Tensor | null], BatchNormAttributes>("batchNorm", {
  forward: ([x, gamma, beta], { eps, relu, fixed, observe }) => {
    const c = x.shape[x.rank - 1];
    const slice = sliceFor(x);
    const pixels = pixelsOf(x);
    const y = emptyLike(x);
    const apply = ({ from, count }: Group, statistics: Tensor): Tensor => {
      const scaleShift = scaleOf(statistics, gamma, beta, c, eps);
      launch(
        kernels.batchNorm,
        { x: rowBuffer(x, from, count), scaleShift, y: rowBuffer(y, from, count) },
        { rows: count * pixels, c, relu: relu ? 1 : 0 },
      );
      return scaleShift;
    };
    const all = { from: 0, count: x.shape[0] };
    if (fixed) return { value: y, saved: [alias(fixed), apply(all, fixed)] };
    if (slice.normGroup > 0) {
      const groups = groupsOf(x, slice);
      const statistics = remembered(() => groupStatistics(x, slice, groups, pixels, c, observe));
      return { value: y, saved: [statistics, ...groups.map((group, index) => apply(group, rowsOf(statistics, index, 1)))] };
    }
    const statistics = remembered(() => {
      const found = batchStatistics(x, slice, pixels, c);
      observe?.(found, slice.size * pixels);
      return found;
    });
    return { value: y, saved: [statistics, apply(all, statistics)] };
  },
  vjp: (dy, _y, [x, gamma, beta], { relu: withRelu, fixed }, [statistics, ...scales]) => {
    const c = x.shape[x.rank - 1];
    const slice = sliceFor(x);
    const relu = withRelu ? 1 : 0;
    const pixels = pixelsOf(x);
    const grouped = slice.normGroup > 0 && !fixed;
    const groups = grouped ? groupsOf(x, slice) : [{ from: 0, count: x.shape[0] }];
    const groupAt = (from: number): number => (grouped ? from / slice.normGroup : 0);
    const sumsInto = (from: number, count: number, sums: Tensor): void => {
      const group = groupAt(from);
      launch(
        kernels.batchNormBackwardSums,
        {
          x: rowBuffer(x, from, count),
          dy: rowBuffer(dy, from, count),
          meanVariance: rowsOf2(statistics, grouped ? group : 0, c),
          scaleShift: scales[group],
          sums,
        },
        { rows: count * pixels, c, relu },
      );
    };
    let total: Tensor | null = null;
    let groupSums: Tensor | null = null;
    /** [2, C]: sums over the whole batch of dz and of dz * xhat. */
    const sums = (): Tensor => {
      if (total !== null) return total;
      if (grouped) groupSumsOf();
      const rows = perShard(x, slice, c, (from, count, out) => {
        if (!grouped) return sumsInto(from, count, out);
        // Sum of the shard's groups, in order.
        const first = groupAt(from);
        const last = Math.ceil((from + count) / slice.normGroup);
        launch(
          treeSum,
          { parts: rowBuffer(groupSums!, first, Math.max(0, last - first)), total: out },
          { count: Math.max(0, last - first), width: 2 * c },
        );
      });
      const shared = overBuffer(x.backend, [slice.shards, 2 * c], shareShards(rows, 2 * c, slice));
      total = emptyLike(x, [2, c]);
      launch(treeSum, { parts: shared, total }, { count: slice.shards, width: 2 * c });
      return total;
    };
    const groupSumsOf = (): Tensor => {
      if (groupSums !== null) return groupSums;
      groupSums = emptyLike(x, [groups.length, 2, c]);
      groups.forEach(({ from, count }, index) => sumsInto(from, count, rowsOf(groupSums!, index, 1)));
      return groupSums;
    };
    const row = (index: number): Tensor => alias(copyRow(sums(), index, c), [c]);
    return [
      (sofar) => {
        // Of fixed statistics the sums, which read dy, may come later.
        const dx = sofar ?? (fixed ? emptyLike(x) : overwriting(dy));
        let none: Tensor | null = null;
        if (fixed) {
          none = emptyLike(x, [2, c]);
          none.backend.fill(none.buffer, 0);
        }
        groups.forEach(({ from, count }, index) => {
          const operands = {
            x: rowBuffer(x, from, count),
            dy: rowBuffer(dy, from, count),
            meanVariance: rowsOf2(statistics, grouped ? index : 0, c),
            scaleShift: scales[index],
            sums: none ?? (grouped ? rowsOf(groupSumsOf(), index, 1) : sums()),
            dx: rowBuffer(dx, from, count),
          };
          const numbers = { rows: count * pixels, c, relu, count: (grouped ? count : slice.size) * pixels };
          if (sofar) launch(kernels.batchNormBackwardAdd, operands, numbers);
          else launch(kernels.batchNormBackward, operands, numbers);
        });
        return dx;
      },
      gamma ? () => row(1) : null,
      beta ? () => row(0) : null,
    ];
  },
  samples: [
    { inputs: [[6, 2, 3], [3], [3]], attributes: { eps: 1e-5, relu: false } },
    { inputs: [[5, 4], [4], [4]], attributes: { eps: 1e-3, relu: true } },
    { inputs: [[4, 2, 2, 3], null, null], attributes: { eps: 1e-5, relu: false } },
  ],
});

/** Statistics number `index` of a [groups, 2, C] or [2, C] tensor. */
function rowsOf2(statistics: Tensor, index: number, c: number): Tensor {
  return overBuffer(statistics.backend, [2, c], statistics.backend.view(statistics.buffer, index * 2 * c, 2 * c));
}

function copyRow(x: Tensor, index: number, c: number): Tensor {
  const y = emptyLike(x, [c]);
  x.backend.copy(x.backend.view(x.buffer, index * c, c), x.backend.view(y.buffer, 0, c));
  return y;
}

/**
 * y = (x - mean) / sqrt(variance + eps) * gamma + beta over the last axis, then max(y, 0) where `relu` is set. Mean and biased variance
 * are of the whole batch, of groups of consecutive samples where the batch says so, or `fixed`.
 */
export function batchNorm(x: Tensor, gamma: Tensor | null, beta: Tensor | null, attributes: BatchNormAttributes): Tensor {
  if (x.rank < 2) throw new Error(`batchNorm: ${shapeText(x.shape)}, wanted [N, ..., C]`);
  const c = x.shape[x.rank - 1];
  for (const [name, tensor] of [
    ["gamma", gamma],
    ["beta", beta],
  ] as const)
    if (tensor && tensor.size !== c) throw new Error(`batchNorm: ${name} of ${tensor.size} values for ${c} channels, wanted as many`);
  const values = (x.batch?.size ?? x.shape[0]) * pixelsOf(x);
  if (!attributes.fixed && values === 1)
    throw new Error(`batchNorm: one value a channel in ${shapeText(x.shape)}, wanted at least 2 in training`);
  return batchNormOp([x, gamma, beta], attributes);
}

/** Writes running mean and variance, [2, C], moved by `momentum` towards those of `count` values; the variance made unbiased. */
export function followStatistics(
  statistics: Tensor,
  from: Buffer,
  to: Buffer,
  { momentum, count }: { momentum: number; count: number },
): void {
  const { backend, shape } = statistics;
  backend.run(kernels.batchNormRunning, { meanVariance: statistics.buffer, running: from, y: to }, { c: shape[1], momentum, count });
}
