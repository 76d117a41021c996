// What to train, as a module that every thread imports: how to make the model and its optimizer, and the loss. Threads run the same
// program on different shards, so it must depend on nothing but its options.
import { crossEntropy, type Tensor } from "../autograd/index.ts";
import { Layer, type Module } from "../nn/index.ts";
import { parameterGroups, SGD, type Optimizer } from "../optim/index.ts";
import type { Batch } from "./batch.ts";
import type { JsonObject } from "./events.ts";

export interface LossAndLogits {
  readonly loss: Tensor;
  /** [N, classes]; where given, training accuracy is counted. */
  readonly logits: Tensor;
}

/** The exports of a program's module. */
export interface Program {
  createModel(options: JsonObject): Module;
  /** SGD with momentum 0.9 by default. */
  createOptimizer?(model: Module, options: JsonObject): Optimizer;
  /** Cross-entropy of the model's output with the batch's targets (classes, or shares of them) by default. */
  loss?(model: Module, batch: Batch, options: JsonObject): Tensor | LossAndLogits;
  /**
   * Called in every thread before each step, with the updates made so far, and in the calling one with null after it: what a step leaves out or
   * does not train (`frozen`). Must depend on nothing else, and be undone by the call with null.
   */
  prepare?(model: Module, updates: number | null, options: JsonObject): void;
  /** Logits for evaluation; the model's output by default. */
  predict?(model: Module, batch: Batch, options: JsonObject): Tensor;
  /** Measurements since the last call, made while the model ran. */
  observations?(model: Module): readonly JsonObject[];
}

/** A program with its defaults filled in. */
export type ResolvedProgram = Required<Program>;

function forward(model: Module, batch: Batch): Tensor {
  if (!(model instanceof Layer)) throw new Error("program: a model without forward(x), wanted one or a program with loss and predict");
  return model.forward(batch.images);
}

/** What a module may export: a program's functions, or a program as its default, as recipes do. */
export type ProgramModule = Program | { readonly default: Program };

/** Fills in what a program leaves to the defaults. Error: no createModel. */
export function resolveProgram(given: ProgramModule): ResolvedProgram {
  const program = "default" in given && !("createModel" in given) ? given.default : (given as Program);
  if (typeof program.createModel !== "function")
    throw new Error(`program: exports ${Object.keys(program).join(", ") || "nothing"}, wanted at least createModel(options)`);
  return {
    createModel: program.createModel,
    createOptimizer: program.createOptimizer ?? ((model) => new SGD(parameterGroups(model))),
    loss:
      program.loss ??
      ((model, batch) => {
        const logits = forward(model, batch);
        return { loss: crossEntropy(logits, batch.targets), logits };
      }),
    prepare: program.prepare ?? (() => {}),
    predict: program.predict ?? forward,
    observations: program.observations ?? (() => []),
  };
}
