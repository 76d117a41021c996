// The net that the step benches train.
import { additive, observed, orthogonal, resnetV2, StreamRecorder } from "../../ts/models/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import { parameterGroups, SGD } from "../../ts/optim/index.ts";
import type { JsonObject } from "../../ts/train/index.ts";

const recorder = new StreamRecorder({ interval: 1 });
const rotating = new StreamRecorder({ interval: 50 });

export function createModel(options: JsonObject): Module {
  const kind = options["skip"] === "orthogonal" ? orthogonal() : additive();
  const sink = options["observe"] === "every step" ? recorder : options["observe"] === "in turn" ? rotating : null;
  return resnetV2({ depth: options["depth"] as number, skip: sink ? observed(kind, sink) : kind });
}

export function createOptimizer(model: Module): SGD {
  return new SGD(parameterGroups(model, { weightDecay: 5e-4 }), { lr: 0.1 });
}

export function observations(): JsonObject[] {
  return [...recorder.drain(), ...rotating.drain()].map((record) => ({ ...record }));
}
