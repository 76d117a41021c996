// Orthogonal updates by chance: each block takes one with probability pi, else it adds.
//   Paper     Oh et al. 2025, arXiv 2505.11881, section 4.5: ViT-S on Tiny ImageNet, 3 runs each.
//   Run it    perpend reproduce orthogonal-update/pi --data-dir data
//   Smoke     perpend reproduce orthogonal-update/pi --scale smoke
//   Published top-1 %, read off the project page's plot (to 0.02): pi 0 51.37, 0.2 51.45, 0.4 51.96, 0.6 52.42, 0.8 52.99, 1 53.52.
//   Ours      pi 0, 0.4, 1: 32.47 +- 0.35, 32.39 +- 0.11, 32.81 +- 1.02 % accuracy over five epochs.
//             Desk scale: ViT-S a quarter as wide, 10,000 images of CIFAR-10, 5 epochs, 2 seeds.
// Evaluation takes the expected update, x + f - pi s x, which is ours; the authors' code keeps the last draw.
import { probabilistic, vitSmall } from "../../models/index.ts";
import { cifar10, tinyImageNet } from "../data-kind.ts";
import { accuracy, bestEpochs } from "../evaluate.ts";
import { labelOf, recipe } from "../recipe.ts";
import { about, adamw, cosine, smoothed, vitData, vitDesk, vitOf, vitSetting, vitSmoke } from "./paper.ts";

const PI = [0, 0.2, 0.4, 0.6, 0.8, 1];
const TOP1 = [[51.37, 0.36], [51.45, 0.3], [51.96, 0.87], [52.42, 0.22], [52.99, 0.54], [53.52, 0.25]] as const; // prettier-ignore
const unverified = "read off a plot";

export default recipe({
  paper: about,
  title: "Orthogonal updates with probability pi",
  source: "section 4.5",
  expects: "Accuracy rises with pi, about in a line.",
  data: (_, scale) => vitData(scale === "paper" ? tinyImageNet : cifar10, scale),
  model: ({ pi }, run) => vitOf(vitSmall, run.watch(probabilistic(pi)), run),
  vary: { pi: PI },
  loss: smoothed,
  optimizer: (model, _, run) => adamw(model, run),
  schedule: (_, run) => cosine(run, 0.1),
  run: {
    paper: { ...vitSetting, lr: 5e-4, seeds: 3 },
    desk: { ...vitDesk, seeds: 2, only: { pi: ["0", "0.4", "1"] } },
    smoke: { ...vitSmoke, only: { pi: ["0", "0.4", "1"] } },
  },
  evaluate: {
    unit: accuracy,
    protocol: bestEpochs(5),
    against: { pi: "0" },
    published: TOP1.map(([value, spread], index) => ({ at: { pi: labelOf(PI[index]) }, value, spread, unverified })),
    sweep: "pi",
  },
});
