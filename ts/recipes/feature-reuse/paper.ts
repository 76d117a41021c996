// The paper of this folder: only its abstract and first figure could be read. Nets, rates and training are ours throughout.
import type { Paper } from "../recipe.ts";
import type { Setting } from "../setting.ts";
import { desk as deskOfHe, setting as settingOfHe } from "../identity-mappings/paper.ts";

export { drops, sgd } from "../identity-mappings/paper.ts";

export const about: Paper = {
  title: "ResidualDroppath: Enhancing Feature Reuse over Residual Connections",
  authors: "Park",
  year: 2024,
  source: "arXiv 2411.09475",
};

export const setting: Setting = { ...settingOfHe, bnGroup: undefined };
export const desk: Partial<Setting> = { ...deskOfHe, epochs: 6 };

/** Batches that running statistics are estimated anew from. */
export const REESTIMATE = 200;
