// The constant in the denominator of the orthogonal update, s = <x, f> / (<x, x> + eps).
//   Paper     Oh et al. 2025, arXiv 2505.11881, section 4.7: eps from 1e-8 to 1e-3 with ViT-S on Tiny ImageNet, 5 runs each.
//   Run it    perpend reproduce orthogonal-update/eps --data-dir data
//   Smoke     perpend reproduce orthogonal-update/eps --scale smoke
//   Published in words only: the mean is roughly flat, 1e-6 has the smallest spread. Read in the paper.
//   Ours      not yet run. On ResNetV2-18 and CIFAR-10, which is our choice of net and data; desk scale an eighth as wide.
import { orthogonal, resnetV2 } from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { accuracy, bestEpochs } from "../evaluate.ts";
import { labelOf, recipe } from "../recipe.ts";
import { about, augmentation, desk, drops, setting, sgd } from "./paper.ts";

const EPS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3];
const labels = EPS.map(labelOf);

export default recipe({
  paper: about,
  title: "The constant eps of the orthogonal update",
  source: "section 4.7",
  expects: "No difference beyond the spread over seeds.",
  data: cifar10(augmentation),
  model: ({ eps }, { net, watch, setting: { depth } }) => resnetV2({ ...net, depth: depth ?? 18, skip: watch(orthogonal({ eps })) }),
  vary: { eps: EPS },
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: {
    paper: { ...setting, depth: 18 },
    desk: { ...desk, only: { eps: ["1e-8", "1e-6", "1e-3"] } },
    smoke: { only: { eps: ["1e-6", "1e-3"] } },
  },
  evaluate: {
    unit: accuracy,
    protocol: bestEpochs(5),
    against: { eps: "1e-6" },
    claims: labels.filter((eps) => eps !== "1e-6").map((eps) => ({ at: { eps }, is: "alike" })),
    sweep: "eps",
  },
});
