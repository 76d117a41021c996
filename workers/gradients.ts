// The gradients that the workers hold in parts, and their sums. After backward every worker writes a table of where its parts lie;
// after the barrier any worker can sum any range of any parameter, always in the same tree.
import { combineTree, heldNodes, ShardSum, treeRoot, type TreeNode } from "../ts/autograd/index.ts";
import type { Buffer, WasmBackend } from "../ts/backend/index.ts";
import { wasmBuffer } from "../ts/backend/index.ts";
import { add } from "../ts/kernels/elementwise.ts";
import type { Variable } from "../ts/nn/index.ts";

/** What a parameter's gradient is the sum of, in tape order. */
export interface Contribution {
  /** Byte address of a value that all threads have; 0 where it is in parts. */
  readonly whole: number;
  /** Shards the batch is cut into, where it is in parts. */
  readonly shards: number;
  /** Byte address of each subtree's part, by its number in the tree; 0 for an empty one. */
  readonly parts: readonly (number | undefined)[];
}

/** Number of a node, from 1 for the root and 2, 3 for its halves on. */
function numberOf({ size: whole }: TreeNode, { from, size }: TreeNode): number {
  return (whole + from) / size;
}

/** A worker's own table of words: for each parameter the number of its contributions; of each 0 and its address, or its shards, the number of parts and theirs. */
export function writeTable(parameters: readonly Variable[]): number[] {
  const table: number[] = [];
  for (const { pending, grad } of parameters) {
    const list = pending ?? (grad ? [grad] : []);
    table.push(list.length);
    for (const part of list) {
      if (!(part instanceof ShardSum)) table.push(0, wasmBuffer(part.buffer).offset);
      else table.push(part.slice.shards, part.values.length, ...part.values.map((value) => (value ? wasmBuffer(value.buffer).offset : 0)));
    }
  }
  return table;
}

/** Joins the tables of all workers. `ranges` are the workers' shards, `apart` says that sums of single shards are kept apart. */
export function readTables(
  tables: readonly ArrayLike<number>[],
  ranges: (shards: number) => readonly number[],
  parameters: number,
  own: number,
  apart = false,
): Contribution[][] {
  const at = tables.map(() => 0);
  const known = new Map<number, number[][]>();
  /** Numbers of the nodes that each worker holds. */
  const numbersOf = (shards: number): number[][] => {
    const found = known.get(shards);
    if (found) return found;
    const bounds = ranges(shards);
    const root = treeRoot(shards);
    const made = tables.map((_, worker) =>
      heldNodes({ shards, apart }, bounds[worker], bounds[worker + 1]).map((node) => numberOf(root, node)),
    );
    known.set(shards, made);
    return made;
  };
  return Array.from({ length: parameters }, () => {
    const counts = tables.map((table, worker) => table[at[worker]++]);
    if (counts.some((count) => count !== counts[0]))
      throw new Error(
        `worker: a parameter has ${counts.join(", ")} gradients in the workers, wanted as many in each; the program must not depend on its thread`,
      );
    return Array.from({ length: counts[0] }, (): Contribution => {
      const kinds = tables.map((table, worker) => table[at[worker]++]);
      const shards = kinds[own];
      if (kinds.some((kind) => kind !== shards))
        throw new Error("worker: a gradient in parts in some workers only, wanted the same program in each");
      if (shards === 0) {
        const addresses = tables.map((table, worker) => table[at[worker]++]);
        return { whole: addresses[own], shards: 0, parts: [] };
      }
      const parts: number[] = [];
      tables.forEach((table, worker) => {
        const numbers = numbersOf(shards)[worker];
        const count = table[at[worker]++];
        if (count !== numbers.length) throw new Error(`worker: ${count} parts of a gradient, wanted ${numbers.length}`);
        for (const number of numbers) parts[number] = table[at[worker]++];
      });
      return { whole: 0, shards, parts };
    });
  });
}

/** Sums ranges of gradients into a block of its own. */
export class GradientSums {
  private readonly backend: WasmBackend;
  private readonly spare: Buffer[] = [];

  constructor(backend: WasmBackend) {
    this.backend = backend;
  }

  private take(length: number): Buffer {
    const index = this.spare.findIndex((buffer) => buffer.length >= length);
    return index >= 0 ? this.spare.splice(index, 1)[0] : this.backend.allocate(length);
  }

  /** The gradient's elements from `from` on; null for a parameter without one. Give it back when it is used. */
  sum(contributions: readonly Contribution[], from: number, length: number): { buffer: Buffer; release: () => void } | null {
    const { backend } = this;
    const taken: Buffer[] = [];
    const temporary = new Set<Buffer>();
    const plus = (left: Buffer, right: Buffer): Buffer => {
      let out = left;
      if (!temporary.has(left)) {
        const own = this.take(length);
        taken.push(own);
        out = backend.view(own, 0, length);
        temporary.add(out);
      }
      backend.run(add, { a: left, b: right, y: out }, { length });
      return out;
    };
    const values = contributions.map(({ whole, shards, parts }) => {
      if (shards === 0) return backend.at(whole + 4 * from, length) as Buffer;
      const root = treeRoot(shards);
      return combineTree<Buffer>(
        shards,
        root,
        (node) => {
          const address = parts[numberOf(root, node)];
          if (address === undefined) return undefined;
          return address === 0 ? null : backend.at(address + 4 * from, length);
        },
        plus,
      );
    });
    const present = values.filter((value) => value !== null);
    if (present.length === 0) return null;
    const buffer = present.reduce(plus);
    return { buffer, release: () => this.spare.push(...taken) };
  }
}
