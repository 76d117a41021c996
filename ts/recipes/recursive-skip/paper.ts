// The paper of this folder. Of it no table and no hyper-parameter could be read: training is that of He et al. 2016, which is ours to choose.
import type { Paper } from "../recipe.ts";
import type { Setting } from "../setting.ts";
import { desk as deskOfHe, setting as settingOfHe } from "../identity-mappings/paper.ts";

export { drops, sgd } from "../identity-mappings/paper.ts";

export const about: Paper = {
  title: "Rethinking Skip Connection with Layer Normalization in Transformers and ResNets",
  authors: "Liu, Ren, Zhang, Sun, Zou",
  year: 2021,
  source: "arXiv 2105.07205",
};

export const setting: Setting = { ...settingOfHe, bnGroup: undefined };
export const desk: Partial<Setting> = deskOfHe;
