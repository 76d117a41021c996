// Which part of a batch a thread holds. A batch has a fixed number of logical shards whatever the number of threads; every sum
// over the batch is formed shard by shard and combined in one binary tree, so that all thread counts give the same bits.
// The tree pairs shard i with i+k for k = 1, 2, 4, ...; shards without samples are left out.
import type { Buffer } from "../backend/backend.ts";
import { defaultShards } from "../shards.ts";

/** How threads that hold different shards meet. */
export interface Exchange {
  /**
   * Puts `local` at element `offset` of an array of `total` elements, waits for all threads and returns the whole array.
   * It stays valid until the exchange after the next.
   */
  share(local: Buffer, offset: number, total: number): Buffer;
  /** Does `work` when the threads have nothing else to wait for, in the order of the calls, at the latest before the step ends. */
  later(work: () => void): void;
}

export interface BatchSlice {
  /** Samples of the whole batch, B. */
  readonly size: number;
  /** Logical shards of the whole batch, S. Shard s holds samples floor(s*B/S) to floor((s+1)*B/S) - 1. */
  readonly shards: number;
  /** Shards held here: first to last - 1. */
  readonly first: number;
  readonly last: number;
  /** First shard of every thread in turn, and S at the end. */
  readonly ranges: readonly number[];
  /** Null where all shards are held here. */
  readonly exchange: Exchange | null;
  /** Samples that batch norm normalizes together; 0 is the whole batch. */
  readonly normGroup: number;
  readonly step: number;
  /** Leave the sums of single shards apart until the step's end, for who wants to look at them; the same bits. */
  readonly apart?: boolean;
}

export interface SliceOptions {
  readonly shards?: number;
  readonly normGroup?: number;
  readonly step?: number;
  readonly apart?: boolean;
}

/** A whole batch on one thread. */
export function wholeBatch(
  size: number,
  { shards = defaultShards(size), normGroup = 0, step = 0, apart = false }: SliceOptions = {},
): BatchSlice {
  if (!Number.isInteger(shards) || shards < 1) throw new Error(`batch: ${shards} shards, wanted a whole number of at least 1`);
  return { size, shards, first: 0, last: shards, ranges: [0, shards], exchange: null, normGroup, step, apart };
}

/**
 * First sample of a shard. With group batch norm a shard is made of whole groups of consecutive samples.
 */
export function shardStart({ size, shards, normGroup }: Pick<BatchSlice, "size" | "shards" | "normGroup">, shard: number): number {
  if (normGroup > 0) return Math.min(size, Math.floor((shard * Math.ceil(size / normGroup)) / shards) * normGroup);
  return Math.floor((shard * size) / shards);
}

/** First sample held here. */
export function sliceStart(slice: BatchSlice): number {
  return shardStart(slice, slice.first);
}

/** Samples held here. */
export function sliceSamples(slice: BatchSlice): number {
  return shardStart(slice, slice.last) - shardStart(slice, slice.first);
}

/** A subtree: shards from `from` on, as many as `size` (a power of two) or as there are. */
export interface TreeNode {
  readonly from: number;
  readonly size: number;
}

/** The whole tree. */
export function treeRoot(shards: number): TreeNode {
  let size = 1;
  while (size < shards) size *= 2;
  return { from: 0, size };
}

/** The largest subtrees that lie wholly in shards first to last - 1, from left to right. */
export function treeNodes(shards: number, first: number, last: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  const visit = ({ from, size }: TreeNode): void => {
    const to = Math.min(shards, from + size);
    if (from >= last || to <= first || from >= to) return;
    if (from >= first && to <= last) {
      nodes.push({ from, size });
      return;
    }
    visit({ from, size: size / 2 });
    visit({ from: from + size / 2, size: size / 2 });
  };
  if (first < last) visit(treeRoot(shards));
  return nodes;
}

/** The subtrees that a thread which holds shards first to last - 1 sums up: the largest, or the single shards of a slice that keeps them apart. */
export function heldNodes(
  { shards, apart = false }: Pick<BatchSlice, "shards" | "apart">,
  first: number,
  last: number,
): readonly TreeNode[] {
  return apart ? Array.from({ length: last - first }, (_, index) => ({ from: first + index, size: 1 })) : treeNodes(shards, first, last);
}

/**
 * Combines values up a subtree. `known` gives a node's value where it has one, null where the node is empty, and undefined where
 * it is to be combined from its halves.
 */
export function combineTree<V>(
  shards: number,
  node: TreeNode,
  known: (node: TreeNode) => V | null | undefined,
  add: (left: V, right: V) => V,
): V | null {
  const { from, size } = node;
  if (from >= shards) return null;
  const value = known(node);
  if (value !== undefined) return value;
  if (size === 1) return null;
  const left = combineTree(shards, { from, size: size / 2 }, known, add);
  const right = combineTree(shards, { from: from + size / 2, size: size / 2 }, known, add);
  if (left === null) return right;
  return right === null ? left : add(left, right);
}
