// The paper of this folder, and how it trains nets on CIFAR (its appendix, and the authors' code where the paper is silent).
import type { Layer } from "../../nn/index.ts";
import { parameterGroups, schedule, SGD, type Optimizer, type Schedule } from "../../optim/index.ts";
import type { Paper, RunContext } from "../recipe.ts";
import type { Setting } from "../setting.ts";

export const about: Paper = {
  title: "Identity Mappings in Deep Residual Networks",
  authors: "He, Zhang, Ren, Sun",
  year: 2016,
  source: "arXiv 1603.05027",
};

/** Iterations; the end at 64,000 is not in the paper, the authors' code has 164 epochs of 391. */
const END = 64_000;
const DROPS = [32_000, 48_000];
const WARMUP = 400;

/** Batch norm within the 64 images of one of the paper's two devices. */
export const setting: Setting = { epochs: 164, batch: 128, bnGroup: 64, lr: 0.1, seeds: 5 };

/**
 * Ours: 10,000 images, half the width, 5 epochs, batch norm over the whole batch. Batches of 32, the rate scaled with them: of 128 there
 * would be 390 steps, in which a net of 110 layers learns next to nothing.
 */
export const desk: Partial<Setting> = {
  ...{ epochs: 5, batch: 32, lr: 0.1 * (32 / 128), bnGroup: undefined, seeds: 2 },
  ...{ trainImages: 10_000, testImages: 2000, width: 8 },
};

/** Momentum 0.9, classical; weight decay 1e-4 on all parameters, as in the authors' code. */
export function sgd(model: Layer, { setting: { lr } }: RunContext): Optimizer {
  return new SGD(parameterGroups(model, { weightDecay: 1e-4, decayAll: true }), { lr, momentum: 0.9 });
}

/** A tenth of the rate for the first 400 iterations (at most a twentieth of the run), then the rate, a tenth of it at 1/2 and at 3/4. */
export function drops({ setting: { lr }, updates }: RunContext): Schedule {
  const after = schedule.multiStep({ lr, milestones: DROPS.map((at) => Math.max(1, Math.floor((at / END) * updates))), gamma: 0.1 });
  const warm = Math.min(WARMUP, Math.floor(updates / 20));
  return (step) => (step < warm ? 0.1 * lr : after(step));
}
