// Additive updates first and orthogonal ones later, and the other way round.
//   Paper     Oh et al. 2025, arXiv 2505.11881, Tables 5 and 6: ViT-S, a change of the update after half the run.
//   Run it    perpend reproduce orthogonal-update/switching --data-dir data
//   Smoke     perpend reproduce orthogonal-update/switching --scale smoke
//   Published top-1 % of ViT-S on CIFAR-10 without a reset of the optimizer (150 + 150 epochs): additive throughout 89.82, additive then
//             orthogonal 91.00, orthogonal then additive 93.18, orthogonal throughout 90.61. Read in the paper.
//   Ours      not yet run. On ResNetV2-18, which is our choice of net; desk scale an eighth as wide.
import { additive, orthogonal, resnetV2, switchAt, type SkipKind } from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { accuracy, bestEpochs } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { about, augmentation, desk, drops, setting, sgd } from "./paper.ts";

type AtHalf = (half: number) => SkipKind;

const turns: Readonly<Record<string, AtHalf>> = {
  "additive": () => additive(),
  "additive, then orthogonal": (half) => switchAt(half, additive(), orthogonal()),
  "orthogonal, then additive": (half) => switchAt(half, orthogonal(), additive()),
  "orthogonal": () => orthogonal(),
}; // prettier-ignore

const unverified = "of ViT-S, ours is a residual net";
const values = { "additive": 89.82, "additive, then orthogonal": 91, "orthogonal, then additive": 93.18, "orthogonal": 90.61 }; // prettier-ignore

export default recipe({
  paper: about,
  title: "Changing the update in mid-run",
  source: "Table 6",
  expects: "Orthogonal early and additive late is as good as orthogonal throughout, or better.",
  data: cifar10(augmentation),
  model: ({ update }, { net, watch, updates, setting: { depth } }) =>
    resnetV2({ ...net, depth: depth ?? 18, skip: watch(update(Math.floor(updates / 2))) }),
  vary: { update: turns },
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: { paper: { ...setting, depth: 18 }, desk: { ...desk, seeds: 2 }, smoke: {} },
  evaluate: {
    unit: accuracy,
    protocol: bestEpochs(5),
    against: { update: "additive" },
    published: Object.entries(values).map(([update, value]) => ({ at: { update }, value, unverified })),
  },
});
