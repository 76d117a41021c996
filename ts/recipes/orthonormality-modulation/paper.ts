// The paper of this folder, and its training of plain nets. Of its numbers 64,000 iterations and the drops of the rate could be read;
// batch, rate, momentum and lambda are ours, as is augmentation.
import type { init, Layer } from "../../nn/index.ts";
import { init as initializers, initializeWeights } from "../../nn/index.ts";
import {
  cifarLayout,
  filterCosines,
  modulated,
  modulationOf,
  none,
  resnetV1,
  type ModulationOptions,
  type SkipKind,
} from "../../models/index.ts";
import { crossEntropy } from "../../autograd/index.ts";
import { orthonormal, parameterGroups, SGD, type Optimizer, type OrthonormalPenalty } from "../../optim/index.ts";
import type { Batch, JsonObject, LossAndLogits } from "../../train/index.ts";
import { desk as deskOfHe, setting as settingOfHe } from "../identity-mappings/paper.ts";
import type { MeasuredCurve, MeasuredMap } from "../evaluate.ts";
import type { Paper, RunContext } from "../recipe.ts";
import type { Setting } from "../setting.ts";

export { drops } from "../identity-mappings/paper.ts";

export const about: Paper = {
  title: "All You Need is Beyond a Good Init",
  authors: "Xie, Xiong, Pu",
  year: 2017,
  source: "arXiv 1703.01827",
};

export const setting: Setting = { ...settingOfHe, bnGroup: undefined };
export const desk: Partial<Setting> = { ...deskOfHe, seeds: 3 };

/** How weights start, and what keeps them: L2, or the orthonormal penalty in its place. */
export interface Weights {
  readonly initializer: init.Initializer;
  readonly penalty: OrthonormalPenalty | null;
}

export const l2: Weights = { initializer: initializers.heNormal({ fan: "out" }), penalty: null };

/** lambda could not be read; 1e-4 is ours. */
export function orthonormalWeights(lambda = 1e-4): Weights {
  return { initializer: initializers.orthonormalFilters(), penalty: orthonormal({ lambda, reported: false }) };
}

/** Some 60 records of the errors over a run. */
function recordEvery(updates: number): number {
  return Math.max(1, Math.floor(updates / 60));
}

interface PlainNet {
  readonly depth: number;
  /** None for a plain net. */
  readonly skip?: SkipKind;
  readonly weights: Weights;
  /** Infinity only records. */
  readonly modulation?: ModulationOptions;
}

/** Convolution, batch norm, ReLU, in three stages; with a skip it is the original residual net. */
export function plainNet(
  { depth, skip = none(), weights, modulation = { tau: Infinity } }: PlainNet,
  { net, updates, seed, watches }: RunContext,
): Layer {
  const model = resnetV1({ ...net, depth, block: "basic", layout: cifarLayout(), skip });
  return modulated(initializeWeights(model, weights.initializer, { seed }), {
    ...modulation,
    recordEvery: watches ? recordEvery(updates) : 0,
  });
}

/** Cross-entropy and the penalty's gradients; the loss that is told is cross-entropy alone. */
export function penalized(model: Layer, batch: Batch, { penalty }: Weights): LossAndLogits {
  const logits = model.forward(batch.images);
  const loss = crossEntropy(logits, batch.targets);
  return { loss: penalty ? penalty.addTo(loss, model) : loss, logits };
}

/** Momentum 0.9; L2 1e-4 on weights that no penalty covers. */
export function sgd(model: Layer, { penalty }: Weights, { setting: { lr } }: RunContext): Optimizer {
  const groups = parameterGroups(model, penalty ? { penalty } : { weightDecay: 1e-4 });
  return new SGD(groups, { lr, momentum: 0.9 });
}

/** Errors on their way back, by layer; `share` is the mean square over that of the top layer. */
export function errorRecords(model: Layer): readonly JsonObject[] {
  const records = modulationOf(model)?.drain() ?? [];
  return records.map((record) => {
    const top = record.layers[record.layers.length - 1].output;
    return { ...record, layers: record.layers.map((layer) => ({ ...layer, share: layer.output / top })) };
  });
}

/** Mean pairwise cosine of filters, over layers and of each. */
export function filterRecord(model: Layer): readonly JsonObject[] {
  const all = filterCosines(model);
  const mean = (pick: (each: (typeof all)[number]) => number): number => all.reduce((sum, each) => sum + pick(each), 0) / all.length;
  return [{ measure: "filters", mean: mean((each) => each.mean), absolute: mean((each) => each.absolute), layers: all.map((each) => ({ ...each })) }]; // prettier-ignore
}

/** The paper's figures 2 and 3. */
export const figures: readonly MeasuredCurve[] = [
  { title: "Mean pairwise cosine of filters (figure 2)", measure: "filters", value: "mean" },
  { title: "Error at the bottom layer over the top one (figure 3)", measure: "errors", value: "ratio", log: true },
  { title: "Share of layers that were modulated", measure: "errors", value: "modulated" },
];

/** The same by layer: the classifier's filters are the last of the first map. */
export const maps: readonly MeasuredMap[] = [
  { title: "Mean pairwise cosine of filters, by layer", measure: "filters", value: "absolute", scale: "linear" },
  { title: "Error over that of the top layer, by layer", measure: "errors", value: "share", scale: "log" },
];
