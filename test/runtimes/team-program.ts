// The cases as a program for teams: which one is told by the options.
import * as perpend from "../../ts/index.ts";
import type { Batch, JsonObject, LossAndLogits, Program } from "../../ts/train/index.ts";
import { allCases } from "./cases.ts";

let made: { readonly name: string; readonly program: Program } | null = null;

/** The case's program, the same one for all calls of a thread. */
function programOf(options: JsonObject): Program {
  const name = String(options["name"]);
  if (made?.name !== name) made = { name, program: allCases[name].program(perpend, 0) };
  return made.program;
}

export function createModel(options: JsonObject): perpend.Module {
  return programOf(options).createModel(options);
}

export function createOptimizer(model: perpend.Module, options: JsonObject): perpend.Optimizer {
  const { createOptimizer: create } = programOf(options);
  return create === undefined ? new perpend.SGD(perpend.parameterGroups(model)) : create(model, options);
}

export function loss(model: perpend.Module, batch: Batch, options: JsonObject): perpend.Tensor | LossAndLogits {
  const { loss: own } = programOf(options);
  if (own !== undefined) return own(model, batch, options);
  const logits = (model as perpend.Layer).forward(batch.images);
  return { loss: perpend.crossEntropy(logits, batch.labels), logits };
}

export function observations(model: perpend.Module): readonly JsonObject[] {
  return made?.program.observations?.(model) ?? [];
}
