// A program that trains for feature reuse.
import { additive, branchesOf, BranchMask, FeatureReuse, masked, orthogonal, resnetV2, type ReuseNorm } from "../../ts/models/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import { SGD } from "../../ts/optim/index.ts";
import type { JsonObject } from "../../ts/train/index.ts";

const methods = new WeakMap<Module, FeatureReuse>();

export function createModel(options: JsonObject): Module {
  const mask = new BranchMask();
  const kind = options["skip"] === "orthogonal" ? orthogonal() : additive();
  const model = resnetV2({ depth: 20, width: 4, skip: masked(kind, mask), seed: 3 });
  methods.set(
    model,
    new FeatureReuse(model, branchesOf(model), mask, { rate: 0.8, rescale: true, seed: 4, norm: options["norm"] as ReuseNorm }),
  );
  return model;
}

export function createOptimizer(model: Module): SGD {
  return new SGD(model.parameters(), { lr: 0.1, weightDecay: 1e-3 });
}

export function prepare(model: Module, updates: number | null): void {
  const method = methods.get(model);
  if (updates === null) method?.end();
  else method?.begin(updates);
}
