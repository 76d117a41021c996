// The nets that the step benches train: with SGD, the transformer with AdamW.
import { observed, resnetV2, StreamRecorder, VisionTransformer, vitTiny } from "../../ts/models/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import { AdamW, parameterGroups, SGD, type Optimizer } from "../../ts/optim/index.ts";
import type { JsonObject } from "../../ts/train/index.ts";
import { skipKinds } from "./skips.ts";

const recorder = new StreamRecorder({ interval: 1 });
const rotating = new StreamRecorder({ interval: 50 });

export function createModel(options: JsonObject): Module {
  const kind = skipKinds[(options["skip"] as string | undefined) ?? "additive"].of();
  const sink = options["observe"] === "every step" ? recorder : options["observe"] === "in turn" ? rotating : null;
  const shared = { depth: options["depth"] as number, skip: sink ? observed(kind, sink) : kind };
  return options["net"] === "vit" ? vitTiny(shared) : resnetV2(shared);
}

export function createOptimizer(model: Module): Optimizer {
  if (model instanceof VisionTransformer) return new AdamW(parameterGroups(model, { weightDecay: 1e-4 }), { lr: 1e-3 });
  return new SGD(parameterGroups(model, { weightDecay: 5e-4 }), { lr: 0.1 });
}

export function observations(): JsonObject[] {
  return [...recorder.drain(), ...rotating.drain()].map((record) => ({ ...record }));
}
