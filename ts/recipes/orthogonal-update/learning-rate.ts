// Additive and orthogonal updates over learning rates.
//   Paper     Oh et al. 2025, arXiv 2505.11881, Table 3: ViT-S, 3 runs each.
//   Run it    perpend reproduce orthogonal-update/learning-rate --data-dir data
//   Smoke     perpend reproduce orthogonal-update/learning-rate --scale smoke
//   Published top-1 % on CIFAR-10, additive and orthogonal: 5e-4 90.41, 90.56; 8e-4 90.45, 90.91; 1e-3 89.95, 90.36; 2e-3 84.85, 87.38; 5e-3
//             66.09, 72.20. CIFAR-100: 71.46, 72.48; 71.13, 72.99; 70.59, 73.11; 62.17, 69.71; 42.61, 48.24. Read in the paper.
//   Ours      not yet run. Desk scale: ViT-S a quarter as wide, 10,000 images of CIFAR-10, 5 epochs.
import { additive, orthogonal, vitSmall } from "../../models/index.ts";
import { cifar10, cifar100 } from "../data-kind.ts";
import { accuracy, bestEpochs, type Published } from "../evaluate.ts";
import { labelOf, recipe } from "../recipe.ts";
import { about, adamw, cosine, smoothed, vitData, vitDesk, vitOf, vitSetting, vitSmoke } from "./paper.ts";

const RATES = [5e-4, 8e-4, 1e-3, 2e-3, 5e-3];
const skips = [additive(), orthogonal()] as const;
const TABLE: Readonly<Record<string, readonly (readonly number[])[]>> = {
  cifar10: [[90.41, 90.56], [90.45, 90.91], [89.95, 90.36], [84.85, 87.38], [66.09, 72.2]],
  cifar100: [[71.46, 72.48], [71.13, 72.99], [70.59, 73.11], [62.17, 69.71], [42.61, 48.24]],
}; // prettier-ignore

const published = Object.entries(TABLE).flatMap(([data, rows]) =>
  rows.flatMap((values, row) =>
    values.map((value, index): Published => ({ at: { data, rate: labelOf(RATES[row]), skip: skips[index].label }, value })),
  ),
);

export default recipe({
  paper: about,
  title: "Learning rates under additive and orthogonal updates",
  source: "Table 3",
  expects: "Orthogonal updates bear larger rates: the gain grows with the rate.",
  data: ({ data }, scale) => vitData(data, scale),
  model: ({ skip }, run) => vitOf(vitSmall, run.watch(skip), run),
  vary: { data: { cifar10, cifar100 }, rate: RATES, skip: skips },
  loss: smoothed,
  optimizer: (model, _, run) => adamw(model, run),
  schedule: ({ rate }, run) => cosine({ ...run, setting: { ...run.setting, lr: rate } }),
  run: {
    paper: { ...vitSetting, seeds: 3 },
    desk: { ...vitDesk, seeds: 1, only: { data: ["cifar10"], rate: ["1e-3", "5e-3"] } },
    smoke: vitSmoke,
  },
  evaluate: { unit: accuracy, protocol: bestEpochs(5), against: { skip: "additive" }, published, sweep: "rate" },
});
