// A small program for tests: nets in several orders of activation, with gates or dropout on the shortcut.
import {
  cifarLayout,
  dropoutShortcut,
  gated,
  imageNetLayout,
  reluPreActivation,
  resnetV1,
  type LayoutKind,
  type ResNetOptions,
  type ResNetV1,
} from "../../ts/models/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import { parameterGroups, SGD, type Optimizer } from "../../ts/optim/index.ts";
import type { JsonObject } from "../../ts/train/index.ts";

const small: LayoutKind = { label: "small", at: (_depth, block) => ({ ...cifarLayout().at(20, block), stages: [1, 1] }) };
const pooled: LayoutKind = { label: "pooled", at: (_depth, block) => ({ ...imageNetLayout().at(18, block), stages: [1, 1] }) };

const nets: Readonly<Record<string, Omit<ResNetOptions, "depth">>> = {
  "original behind a stem that pools": { layout: pooled },
  "exclusive gates": { layout: small, skip: gated({ bias: -1 }) },
  "dropout, ReLU-only pre-activation": { layout: small, order: reluPreActivation(), skip: dropoutShortcut() },
};

export const names = Object.keys(nets);

export function createModel({ net }: JsonObject): ResNetV1 {
  return resnetV1({ depth: 20, width: 4, seed: 5, ...nets[String(net)] });
}

export function createOptimizer(model: Module): Optimizer {
  return new SGD(parameterGroups(model, { weightDecay: 5e-4 }), { lr: 0.05, nesterov: true });
}
