// The paper of this folder, and how it trains residual nets on small images (Table 9) and vision transformers (Table 8).
import { crossEntropy } from "../../autograd/index.ts";
import type { MixOptions } from "../../data/index.ts";
import type { SkipKind, VitOptions } from "../../models/index.ts";
import type { Layer } from "../../nn/index.ts";
import { AdamW, parameterGroups, schedule, SGD, type Optimizer, type Schedule } from "../../optim/index.ts";
import type { Batch, LossAndLogits } from "../../train/index.ts";
import { padCropFlip, type Augmentation, type DataKind } from "../data-kind.ts";
import type { Paper, RunContext } from "../recipe.ts";
import type { Scale, Setting } from "../setting.ts";

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

/**
 * Ours: 10,000 images, an eighth of the width, 8 epochs, the gradient clipped at 1 as in the authors' code: without it the narrow net on the
 * raw stream diverges within 11 steps.
 */
export const desk: Partial<Setting> = { epochs: 8, trainImages: 10_000, testImages: 2000, width: 8, clipGrad: 1, seeds: 3 };

/** SGD with momentum 0.9 without Nesterov, weight decay 5e-4 on every parameter, as in the authors' code. */
export function sgd(model: Layer, { setting }: RunContext): Optimizer {
  return new SGD(parameterGroups(model, { weightDecay: 5e-4, decayAll: true }), { lr: setting.lr, momentum: 0.9 });
}

/** The rate falls to a fifth at 40 % and again at 60 % of the run; `gamma` is another factor. */
export function drops({ setting, updates }: RunContext, gamma = 0.2): Schedule {
  const milestones = DROPS.map((share) => Math.max(1, Math.floor(share * updates + 0.5)));
  return schedule.multiStep({ lr: setting.lr, milestones, gamma });
}

const VIT_EPOCHS = 300;
const WARMUP_EPOCHS = 10;

/** 300 epochs of 1024 images; on Tiny ImageNet half the rate. */
export const vitSetting: Setting = { epochs: VIT_EPOCHS, batch: 1024, lr: 1e-3, seeds: 5 };

/** Ours: 10,000 images, a quarter of ViT-S's width, 5 epochs, augmentation and nothing else. */
export const vitDesk: Partial<Setting> = { epochs: 5, batch: 128, lr: 1e-3, trainImages: 10_000, testImages: 2000, width: 96, seeds: 3 };

export const vitSmoke: Partial<Setting> = { width: 12 };

const strong: Augmentation = {
  flip: 0.5,
  jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  erase: { probability: 0.25, scale: [0.02, 0.33], ratio: [0.3, 3.3] },
};
const mix: MixOptions = { mixup: 0.8, cutmix: 1, probability: 1, switchProbability: 0.5 };

/** The paper's augmentation of each set; at our own scales that of the residual nets, since some epochs cannot use more. */
export function vitData(kind: (augment: Augmentation) => DataKind, scale: Scale): DataKind {
  if (scale !== "paper") return kind(augmentation);
  const { name } = kind(strong);
  const crops: Augmentation =
    name === "imagenet"
      ? { resizedCrop: {}, randAugment: { count: 9, magnitude: 9 } }
      : name === "tiny-imagenet"
        ? { resizedCrop: { scale: [0.8, 1] }, randAugment: { count: 9, magnitude: 5 } }
        : { crop: { padding: 4 }, randAugment: { count: 9, magnitude: 5 } };
  return { ...kind({ ...strong, ...crops }), mix };
}

/** A vision transformer of the paper for images of any side: 64 patches, on ImageNet 196. At smaller widths it has 3 heads. */
export function vitOf<M extends Layer>(
  make: (options: VitOptions) => M,
  skip: SkipKind,
  { net, image, setting: { width } }: RunContext,
): M {
  const patch = image.height === 224 ? 16 : image.height / 8;
  return make({ ...net, size: image.height, patch, ...(width !== undefined && { heads: 3 }), skip });
}

/** Cross-entropy with label smoothing 0.1. */
export function smoothed(model: Layer, batch: Batch): LossAndLogits {
  const logits = model.forward(batch.images);
  return { loss: crossEntropy(logits, batch.targets, { smoothing: 0.1 }), logits };
}

/** AdamW with weight decay 1e-4. The authors' code has Adam. */
export function adamw(model: Layer, { setting: { lr } }: RunContext): Optimizer {
  const weightDecay = 1e-4;
  return new AdamW(parameterGroups(model, { weightDecay }), { lr, betas: [0.9, 0.999], weightDecay });
}

/** A linear warm-up of 10 epochs (at most a tenth of the run), then a cosine to `least` of the rate. */
export function cosine({ setting: { lr }, updates, updatesPerEpoch }: RunContext, least = 0): Schedule {
  const warmup = Math.floor(Math.min(WARMUP_EPOCHS * updatesPerEpoch, updates / 10));
  return schedule.cosine({ lr, warmup, total: updates, minLr: least * lr });
}
