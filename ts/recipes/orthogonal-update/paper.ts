// The paper of this folder, and how it trains residual nets on small images (Table 9).
import type { Layer } from "../../nn/index.ts";
import { parameterGroups, schedule, SGD, type Optimizer, type Schedule } from "../../optim/index.ts";
import { padCropFlip, type Augmentation } from "../data-kind.ts";
import type { Paper, RunContext } from "../recipe.ts";
import type { Setting } from "../setting.ts";

export const about: Paper = {
  title: "Revisiting Residual Connections: Orthogonal Updates for Stable and Efficient Deep Networks",
  authors: "Oh, Cho, Kim, Choi, Yu",
  year: 2025,
  source: "arXiv 2505.11881",
};

/** "Pad 4, random crop, flip". The authors' code pads by reflection; the paper does not say, and zeros are usual. */
export const augmentation: Augmentation = padCropFlip;

const PAPER_EPOCHS = 200;
/** x0.2 after 80 and 120 of 200 epochs. */
const DROPS = [80, 120].map((epoch) => epoch / PAPER_EPOCHS);

/** 200 epochs of 128 images; no warm-up, no clipping (the authors' code clips at 1). */
export const setting: Setting = { epochs: PAPER_EPOCHS, batch: 128, lr: 0.1, seeds: 5 };

/** Ours: 10,000 images, an eighth of the width, 8 epochs. */
export const desk: Partial<Setting> = { epochs: 8, trainImages: 10_000, testImages: 2000, width: 8, seeds: 3 };

/** SGD with momentum 0.9 without Nesterov, weight decay 5e-4 on every parameter, as in the authors' code. */
export function sgd(model: Layer, { setting }: RunContext): Optimizer {
  return new SGD(parameterGroups(model, { weightDecay: 5e-4, decayAll: true }), { lr: setting.lr, momentum: 0.9 });
}

/** The rate falls to a fifth at 40 % and again at 60 % of the run; `gamma` is another factor. */
export function drops({ setting, updates }: RunContext, gamma = 0.2): Schedule {
  const milestones = DROPS.map((share) => Math.max(1, Math.floor(share * updates + 0.5)));
  return schedule.multiStep({ lr: setting.lr, milestones, gamma });
}
