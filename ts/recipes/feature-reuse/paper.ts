// The paper of this folder: only its abstract and first figure could be read. Nets, rates and training are ours throughout.
import { growing, dropPath, complementary, complementOnly, dropOnly, independent, unrestricted, vanilla } from "../../models/index.ts";
import type { ReuseMethod, SkipKind } from "../../models/index.ts";
import type { MeasuredProfile } from "../evaluate.ts";
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

/** The rate of the last branch, to which rates rise in a line. */
export const RATE = 0.2;

export interface Arm {
  readonly method: ReuseMethod;
  readonly skip?: SkipKind;
}

/** The seven arms: plain training, the method, and what tells its parts from each other. */
export const arms = {
  [vanilla.label]: { method: vanilla },
  [dropOnly.label]: { method: dropOnly },
  "droppath per sample": { method: vanilla, skip: dropPath(growing(RATE), undefined, { per: "sample" }) },
  [independent.label]: { method: independent },
  [unrestricted.label]: { method: unrestricted },
  [complementOnly.label]: { method: complementOnly },
  [complementary.label]: { method: complementary },
} as const satisfies Readonly<Record<string, Arm>>;

/** Arms that show a net's reuse best: plain, dropped, and the method. */
export const fewArms = {
  [vanilla.label]: arms[vanilla.label],
  [dropOnly.label]: arms[dropOnly.label],
  [complementary.label]: arms[complementary.label],
};

/** What `examineBlocks` measures. */
export const profiles: readonly MeasuredProfile[] = [
  { title: "Accuracy without one branch", measure: "deletion", value: "accuracy", unit: "branch", percent: true },
  { title: "Accuracy without several branches", measure: "deletions", value: "accuracy", over: "blocks", unit: "branches left out", percent: true },
  { title: "Likeness of a block's input and output (linear CKA)", measure: "streams", value: "cka", unit: "block" },
]; // prettier-ignore
