// The nets of the golden numbers, built here with the same weights and images.
import {
  backward,
  crossEntropy,
  scope,
  tensor,
  wholeBatch,
  type Convolution,
  type SliceOptions,
  type Tensor,
} from "../../ts/autograd/index.ts";
import { additive, orthogonal, ResNetV2, type SkipKind } from "../../ts/models/index.ts";
import { uninitialized, type Module, type StateDict, type Variable } from "../../ts/nn/index.ts";
import { images, initial } from "./hash.ts";
import type { Digests } from "./numbers.ts";

export interface NetOptions {
  readonly depth: number;
  readonly block?: "basic" | "bottleneck";
  readonly width?: number;
  readonly final_norm?: boolean;
  readonly batch: number;
  readonly size: number;
}

/** A file of forward and backward passes. */
export interface NetFile {
  readonly options: NetOptions;
  readonly cases: Readonly<
    Record<
      string,
      {
        readonly parameters: number;
        readonly evaluated: readonly number[];
        readonly logits: readonly number[];
        readonly loss: number;
        readonly gradients: Digests;
        readonly statistics: Digests;
      }
    >
  >;
}

/** A file of training steps. */
export interface StepsFile {
  readonly options: NetOptions;
  readonly sgd: { readonly lr: number; readonly momentum: number; readonly weight_decay: number };
  readonly cases: Readonly<Record<string, { readonly losses: readonly number[]; readonly state: Digests; readonly momentum: Digests }>>;
}

export const skips: Readonly<Record<string, SkipKind>> = {
  additive: additive(),
  "orthogonal-feature": orthogonal(),
  "orthogonal-sample": orthogonal({ over: "sample" }),
};

/** The net with the weights of make.py. */
export function goldenNet({ depth, block, width, final_norm }: NetOptions, skip: SkipKind, convolution?: Convolution): ResNetV2 {
  const model = uninitialized(
    () => new ResNetV2({ depth, block, width, skip, finalNorm: final_norm, ...(convolution && { convolution }) }),
  );
  const state: StateDict = {};
  for (const { key, shape } of model.entries()) state[key] = { shape, values: initial(key, shape) };
  model.loadStateDict(state);
  return model;
}

/** The images and classes of make.py. */
export function goldenBatch({ batch, size }: NetOptions, slice: SliceOptions = {}): { x: Tensor; labels: Tensor } {
  const { x, labels } = images(batch, size);
  const made = { x: tensor(x, [batch, size, size, 3]), labels: tensor(labels) };
  made.x.batch = made.labels.batch = wholeBatch(batch, slice);
  return made;
}

/** Loss and logits of a training pass, with gradients left in the model. */
export function trainingPass(model: ResNetV2, { x, labels }: { x: Tensor; labels: Tensor }): { loss: number; logits: Float64Array } {
  return scope(() => {
    const logits = model.forward(x);
    const loss = crossEntropy(logits, labels);
    backward(loss);
    return { loss: loss.item(), logits: Float64Array.from(logits.toArray()) };
  });
}

function inFileLayout(model: Module, values: (variable: Variable) => Float32Array | Float64Array | null): StateDict {
  const dict: StateDict = {};
  for (const { key, variable, shape, place } of model.entries()) {
    const all = values(variable);
    if (all === null) continue;
    const length = shape.reduce((size, extent) => size * extent, 1);
    dict[key] = { shape, values: Float64Array.from({ length }, (_, index) => all[place ? place(index) : index]) };
  }
  return dict;
}

/** Gradients by key, in PyTorch's layout. */
export function gradientsOf(model: Module): StateDict {
  return inFileLayout(model, (variable) => variable.grad?.toArray() ?? null);
}

/** Tensors of the optimizer beside the parameters, by key, in PyTorch's layout. */
export function besideOf(model: Module, state: ReadonlyMap<Variable, Variable>): StateDict {
  return inFileLayout(model, (variable) => state.get(variable)?.toArray() ?? null);
}

/** Drops gradients and variables. */
export function done(model: Module): void {
  for (const parameter of model.parameters()) {
    parameter.grad?.dispose();
    parameter.grad = null;
  }
  model.dispose();
}
