// Orthonormal filters in residual nets, where a penalty takes the place of L2.
//   Paper     Xie et al. 2017, arXiv 1703.01827, figure 5: ResNet-44 and ResNet-110 on CIFAR-10.
//   Run it    perpend reproduce orthonormality-modulation/residual --data-dir data
//   Smoke     perpend reproduce orthonormality-modulation/residual --scale smoke
//   Published error %, read off figure 5: ResNet-44 12.2 with L2; ResNet-110 13.5 with L2, 10.0 orthonormal.
//   Ours      error % 48.20 +- 2.93 with L2, 45.43 +- 2.25 orthonormal (p 0.051, all seeds agree). Desk scale: ResNet-44, half the width,
//             10,000 images, 5 epochs, 3 seeds.
import { additive } from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { error, lastEpoch } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { about, desk, drops, filterRecord, figures, l2, maps, orthonormalWeights, penalized, plainNet, setting, sgd } from "./paper.ts";

const unverified = "read off a figure; the paper's augmentation is not known";

export default recipe({
  paper: about,
  title: "Orthonormal filters in residual nets",
  source: "Figure 5",
  expects: "Orthonormal filters are 3 points of error better than L2 at 110 layers.",
  data: cifar10({}),
  model: ({ depth, weights }, run) => plainNet({ depth: run.setting.depth ?? depth, skip: run.watch(additive()), weights }, run),
  vary: { depth: [44, 110], weights: { "He, L2": l2, "orthonormal": orthonormalWeights() } }, // prettier-ignore
  loss: (model, batch, { weights }) => penalized(model, batch, weights),
  measure: filterRecord,
  optimizer: (model, { weights }, run) => sgd(model, weights, run),
  schedule: (_, run) => drops(run),
  run: { paper: setting, desk: { ...desk, only: { depth: ["44"] } }, smoke: { depth: 8 } },
  evaluate: {
    unit: error,
    protocol: lastEpoch,
    against: { weights: "He, L2" },
    published: [
      { at: { depth: "44", weights: "He, L2" }, value: 12.2, unverified },
      { at: { depth: "110", weights: "He, L2" }, value: 13.5, unverified },
      { at: { depth: "110", weights: "orthonormal" }, value: 10, unverified },
    ],
    claims: [{ at: { depth: "44" }, is: "better", unverified: "said of 110 layers" }],
    curves: figures.slice(0, 1),
    maps: maps.slice(0, 1),
  },
});
