// A sum over the batch in the making: values of the largest subtrees of the shard tree that one thread holds. With the whole
// batch on one thread there is one, the finished sum.
import { accumulate } from "../kernels/elementwise.ts";
import type { Backend, Buffer } from "../backend/backend.ts";
import { combineTree, heldNodes, shardStart, sliceStart, treeRoot, type BatchSlice, type TreeNode } from "./slice.ts";
import { remembered } from "./checkpoint.ts";
import { empty, scope } from "./scope.ts";
import { ShardSum, sizeOf, Tensor, type Shape } from "./tensor.ts";

/** Adds `right` to `left` in place. */
export function addInto(left: Tensor, right: Tensor): Tensor {
  left.backend.run(accumulate, { x: right.buffer, y: left.buffer }, { length: left.size });
  return left;
}

function zerosOf(backend: Backend, shape: Shape): Tensor {
  const made = empty(shape, backend);
  backend.fill(made.buffer, 0);
  return made;
}

/**
 * Sums over the samples of a slice. `part(from, count, out)` writes the sum over `count` local samples from `from` on into `out`.
 * Without a slice the samples are one shard.
 */
export function sumOverSamples(
  backend: Backend,
  slice: BatchSlice | null,
  samples: number,
  shape: Shape,
  part: (from: number, count: number, out: Tensor) => void,
): Tensor | ShardSum {
  if (slice === null) {
    const out = empty(shape, backend);
    part(0, samples, out);
    return out;
  }
  const start = sliceStart(slice);
  const nodes = heldNodes(slice, slice.first, slice.last);
  const sumNode = (node: TreeNode): Tensor | null =>
    combineTree<Tensor>(
      slice.shards,
      node,
      ({ from, size }) => {
        if (size > 1) return undefined;
        const first = shardStart(slice, from);
        const count = shardStart(slice, from + 1) - first;
        if (count === 0) return null;
        const out = empty(shape, backend);
        part(first - start, count, out);
        return out;
      },
      (left, right) => {
        addInto(left, right);
        right.dispose();
        return left;
      },
    );
  const values = nodes.map(sumNode);
  if (slice.exchange === null && !slice.apart) return values[0] ?? zerosOf(backend, shape);
  return new ShardSum(slice, shape, values);
}

/** The finished sum of parts that several threads hold; all threads must call it. */
export function finish(sum: Tensor | ShardSum, backend: Backend): Tensor {
  if (sum instanceof Tensor) return sum;
  const { slice, shape } = sum;
  const length = sizeOf(shape);
  if (slice.exchange === null && !slice.apart) return sum.values[0] ?? zerosOf(backend, shape);
  const all: TreeNode[] = [];
  let offset = 0;
  for (let thread = 0; thread + 1 < slice.ranges.length; thread++) {
    if (slice.ranges[thread] === slice.first && slice.ranges[thread + 1] === slice.last) offset = all.length;
    all.push(...heldNodes(slice, slice.ranges[thread], slice.ranges[thread + 1]));
  }
  const combine = (): Tensor => {
    const local = empty([Math.max(1, sum.values.length), ...shape], backend);
    sum.values.forEach((value, row) => {
      const place = backend.view(local.buffer, row * length, length);
      if (value) backend.copy(value.buffer, place);
      else backend.fill(place, 0);
    });
    const own = backend.view(local.buffer, 0, sum.values.length * length);
    const shared = slice.exchange === null ? own : slice.exchange.share(own, offset * length, all.length * length);
    const rowOf = new Map(all.map(({ from, size }, row) => [`${from}+${size}`, row]));
    const total = combineTree<Tensor>(
      slice.shards,
      treeRoot(slice.shards),
      ({ from, size }) => {
        const row = rowOf.get(`${from}+${size}`);
        if (row === undefined) return undefined;
        if (shardStart(slice, Math.min(slice.shards, from + size)) === shardStart(slice, from)) return null;
        const copy = empty(shape, backend);
        backend.copy(backend.view(shared, row * length, length), copy.buffer);
        return copy;
      },
      addInto,
    );
    return total ?? zerosOf(backend, shape);
  };
  return remembered(() => scope(combine));
}

/** Rows of all shards, [S, width], from the rows of the shards held here. All threads must call it. */
export function shareShards(rows: Tensor, width: number, slice: BatchSlice): Buffer {
  if (slice.exchange === null) return rows.buffer;
  const local = rows.backend.view(rows.buffer, 0, (slice.last - slice.first) * width);
  return slice.exchange.share(local, slice.first * width, slice.shards * width);
}

/** Row `index` of a sum of shape [rows, length], as a sum of shape [length]. */
export function rowOfSum(sum: Tensor | ShardSum, index: number): Tensor | ShardSum {
  const row = (value: Tensor): Tensor => {
    const length = value.size / value.shape[0];
    const made = empty([length], value.backend);
    value.backend.copy(value.backend.view(value.buffer, index * length, length), value.backend.view(made.buffer, 0, length));
    return made;
  };
  if (sum instanceof Tensor) return row(sum);
  return new ShardSum(
    sum.slice,
    sum.shape.slice(1),
    sum.values.map((value) => value && row(value)),
  );
}
