// The constant in the denominator of the orthogonal update, s = <x, f> / (<x, x> + eps).
//   Paper     Oh et al. 2025, arXiv 2505.11881, section 4.7: eps from 1e-8 to 1e-3 with ViT-S on Tiny ImageNet, 5 runs each.
//   Run it    perpend reproduce orthogonal-update/eps --data-dir data
//   Smoke     perpend reproduce orthogonal-update/eps --scale smoke
//   Published in words only: the mean is roughly flat, 1e-6 has the smallest spread. Read in the paper.
//   Ours      accuracy % 32.30 with 1e-8, 32.09 with 1e-6, 32.88 with 1e-3: one seed shows nothing. Desk scale: ViT-S a quarter as wide,
//             10,000 images of CIFAR-10, 5 epochs.
import { orthogonal, vitSmall } from "../../models/index.ts";
import { cifar10, tinyImageNet } from "../data-kind.ts";
import { accuracy, bestEpochs } from "../evaluate.ts";
import { labelOf, recipe } from "../recipe.ts";
import { about, adamw, cosine, smoothed, vitData, vitDesk, vitOf, vitSetting, vitSmoke } from "./paper.ts";

const EPS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3];
const labels = EPS.map(labelOf);

export default recipe({
  paper: about,
  title: "The constant eps of the orthogonal update",
  source: "section 4.7",
  expects: "No difference beyond the spread over seeds.",
  data: (_, scale) => vitData(scale === "paper" ? tinyImageNet : cifar10, scale),
  model: ({ eps }, run) => vitOf(vitSmall, run.watch(orthogonal({ eps })), run),
  vary: { eps: EPS },
  loss: smoothed,
  optimizer: (model, _, run) => adamw(model, run),
  schedule: (_, run) => cosine(run, 0.1),
  run: {
    paper: { ...vitSetting, lr: 5e-4 },
    desk: { ...vitDesk, seeds: 1, only: { eps: ["1e-8", "1e-6", "1e-3"] } },
    smoke: { ...vitSmoke, only: { eps: ["1e-6", "1e-3"] } },
  },
  evaluate: {
    unit: accuracy,
    protocol: bestEpochs(5),
    against: { eps: "1e-6" },
    claims: labels.filter((eps) => eps !== "1e-6").map((eps) => ({ at: { eps }, is: "alike" })),
    sweep: "eps",
  },
});
