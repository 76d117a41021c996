// Learned and other forms around the orthogonal update.
//   Paper     Oh et al. 2025, arXiv 2505.11881, equations 5 and 14; ReZero, constrained and negative forms are in the authors' code alone.
//   Run it    perpend reproduce orthogonal-update/variants --data-dir data
//   Smoke     perpend reproduce orthogonal-update/variants --scale smoke
//   Published no number that could be read.
//   Ours      accuracy % additive 51.88 +- 0.85, orthogonal 53.07 +- 0.82, unified 51.26 +- 0.39, scaled stream 53.92 +- 1.67, rezero 51.13 +-
//             1.98; none told from additive (p 0.08 to 0.47). On ResNetV2-18 and CIFAR-10, which is our choice; desk scale an eighth as
//             wide, 10,000 images, 8 epochs, 3 seeds.
import {
  additive,
  negative,
  orthogonal,
  orthogonalStart,
  resnetV2,
  rezero,
  rezeroConstrained,
  streamScaling,
  unified,
  type SkipKind,
} from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { accuracy, bestEpochs } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { about, augmentation, desk, drops, setting, sgd } from "./paper.ts";

const kinds: Readonly<Record<string, SkipKind>> = {
  "additive": additive(),
  "orthogonal": orthogonal(),
  "unified, from additive": unified(),
  "unified, from orthogonal": unified({ start: orthogonalStart }),
  "scaled stream": streamScaling(),
  "scaled stream, orthogonal": streamScaling(orthogonal()),
  "rezero": rezero(),
  "rezero, orthogonal": rezero(orthogonal()),
  "rezero, constrained": rezeroConstrained(),
  "negative": negative(),
  "negative, orthogonal": negative(orthogonal()),
}; // prettier-ignore

export default recipe({
  paper: about,
  title: "Forms around the orthogonal update",
  source: "equations 5 and 14",
  expects: "Unknown: the paper gives no numbers of them.",
  data: cifar10(augmentation),
  model: ({ skip }, { net, watch, setting: { depth } }) => resnetV2({ ...net, depth: depth ?? 18, skip: watch(skip) }),
  vary: { skip: kinds },
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: {
    paper: { ...setting, depth: 18 },
    desk: { ...desk, seeds: 3, only: { skip: ["additive", "orthogonal", "unified, from additive", "scaled stream, orthogonal", "rezero, orthogonal"] } }, // prettier-ignore
    smoke: { only: {} },
  },
  evaluate: { unit: accuracy, protocol: bestEpochs(5), against: { skip: "additive" }, streams: true },
});
