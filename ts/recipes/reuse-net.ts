// Nets whose branches a method of feature reuse leaves out in turn, for recipes, and what such a net does without some of its blocks.
import { collectLayers, deletionAccuracies, successiveCka } from "../metrics/index.ts";
import {
  additionsOf,
  additive,
  blocksOf,
  BranchMask,
  branchesOf,
  FeatureReuse,
  masked,
  resnetV2,
  type Branched,
  type FeatureReuseOptions,
  type SkipKind,
} from "../models/index.ts";
import type { Layer } from "../nn/index.ts";
import { stream } from "../random.ts";
import type { JsonObject, RawBatch } from "../train/index.ts";
import { firstBatches } from "./held-out.ts";
import type { RunContext } from "./recipe.ts";

interface Directed {
  readonly model: Branched;
  readonly mask: BranchMask;
  readonly reuse: FeatureReuse;
}

const directed = new WeakMap<Layer, Directed>();

/** Any net by a method of feature reuse; what directs its steps is found again by `directSteps`. */
export function reusing<M extends Branched>(make: (skip: SkipKind) => M, kind: SkipKind, options: FeatureReuseOptions): M {
  const mask = new BranchMask();
  const model = make(masked(kind, mask));
  directed.set(model, { model, mask, reuse: new FeatureReuse(model, branchesOf(model), mask, options) });
  return model;
}

export interface ReuseNetOptions extends FeatureReuseOptions {
  readonly depth: number;
  /** What blocks do that take part. */
  readonly skip?: SkipKind;
}

/** A pre-activation net of basic units. */
export function reuseNet({ depth, skip = additive(), ...options }: ReuseNetOptions, { net, watch, seed }: RunContext): Layer {
  return reusing((kind) => resnetV2({ ...net, depth, block: "basic", skip: kind }), watch(skip), { ...options, seed });
}

/** A recipe's `prepare`. */
export function directSteps(model: Layer, updates: number | null): void {
  const reuse = directed.get(model)?.reuse;
  if (updates === null) reuse?.end();
  else reuse?.begin(updates);
}

/** Draws of each number of blocks. */
const DRAWS = 3;

/** `count` of the numbers below `most`, drawn without putting back. */
function drawn(most: number, count: number, seed: number, which: number): number[] {
  const random = stream(seed, "deletion");
  const order = Array.from({ length: most }, (_, block) => ({ block, key: random.uniform(block, count, which) }));
  return order.sort((a, b) => a.key - b.key || a.block - b.block).slice(0, count).map(({ block }) => block); // prettier-ignore
}

/** 1, 2, 4, ... up to half of the blocks. */
function countsOf(blocks: number): number[] {
  const counts: number[] = [];
  for (let count = 1; 2 * count <= blocks; count *= 2) counts.push(count);
  return counts;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * A recipe's `examine`, of a net made by reusing(): accuracy in percent without each single addition ("deletion") and without several at
 * random ("deletions"), and linear CKA of the stream before and behind each block ("streams"), of means over positions.
 */
export async function examineBlocks(model: Layer, held: AsyncIterable<RawBatch>, run: RunContext): Promise<readonly JsonObject[]> {
  const known = directed.get(model);
  if (known === undefined) throw new Error("examineBlocks: a net that reusing() did not make, wanted one that it did");
  const { model: net, mask } = known;
  const batches = await firstBatches(held);
  const additions = additionsOf(net);
  const counts = countsOf(additions).filter((count) => count > 1);
  const singles = Array.from({ length: additions }, (_, block) => [block]);
  const several = counts.flatMap((count) => Array.from({ length: DRAWS }, (_, which) => drawn(additions, count, run.seed, which)));
  const found = deletionAccuracies(net, batches, (blocks) => mask.delete(blocks), [[], ...singles, ...several]);
  const [whole, ...rest] = found.map((share) => 100 * share);
  const alone = rest.slice(0, additions);
  const byCount = counts.map((blocks, place) => ({
    blocks,
    accuracy: mean(rest.slice(additions + DRAWS * place, additions + DRAWS * (place + 1))),
  }));
  const blocks = blocksOf(net);
  const inputs = await collectLayers(net, blocks.slice(0, 1), batches);
  const outputs = await collectLayers(net, blocks, batches, { of: "output" });
  return [
    { measure: "deletion", whole, layers: alone.map((accuracy) => ({ accuracy, lost: whole - accuracy })) },
    { measure: "deletions", layers: [{ blocks: 0, accuracy: whole }, { blocks: 1, accuracy: mean(alone) }, ...byCount] },
    { measure: "streams", layers: successiveCka([...inputs, ...outputs]).map((cka) => ({ cka })) },
  ];
}
