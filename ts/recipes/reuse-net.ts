// A residual net whose branches a method of feature reuse leaves out in turn, for recipes.
import {
  additive,
  BranchMask,
  branchesOf,
  FeatureReuse,
  masked,
  resnetV2,
  type FeatureReuseOptions,
  type SkipKind,
} from "../models/index.ts";
import type { Layer } from "../nn/index.ts";
import type { RunContext } from "./recipe.ts";

const directed = new WeakMap<Layer, FeatureReuse>();

export interface ReuseNetOptions extends FeatureReuseOptions {
  readonly depth: number;
  /** What blocks do that take part. */
  readonly skip?: SkipKind;
}

/** A net of basic units, and what directs its steps, found again by `directSteps`. */
export function reuseNet({ depth, skip = additive(), ...options }: ReuseNetOptions, { net, watch, seed }: RunContext): Layer {
  const mask = new BranchMask();
  const model = resnetV2({ ...net, depth, block: "basic", skip: masked(watch(skip), mask) });
  directed.set(model, new FeatureReuse(model, branchesOf(model), mask, { ...options, seed }));
  return model;
}

/** A recipe's `prepare`. */
export function directSteps(model: Layer, updates: number | null): void {
  const reuse = directed.get(model);
  if (updates === null) reuse?.end();
  else reuse?.begin(updates);
}
