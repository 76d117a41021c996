// A plain net of 44 layers: He initialization and L2 against orthonormal filters that a penalty keeps, each with and without modulation.
//   Paper     Xie et al. 2017, "All You Need is Beyond a Good Init", CVPR, arXiv 1703.01827, figures 2, 3 and 5.
//   Run it    perpend reproduce orthonormality-modulation/plain-44 --data-dir data
//   Smoke     perpend reproduce orthonormality-modulation/plain-44 --scale smoke
//   Published error % on CIFAR-10, read off figure 5: 16.3 with L2, 12.9 orthonormal. Mean cosine of filters at the end, figure 2: 15e-3 with
//             L2, 6e-3 orthonormal. Ratio of errors, figure 3: about 0.003 and 0.008.
//   Ours      error % 67.8 with L2, 67.6 orthonormal, 68.2 and 69.0 with modulation (docs/results/orthonormality-modulation.md).
//             Desk scale: half the width, 10,000 images, 5 epochs, 3 seeds.
// lambda 1e-4, the rule of mismatch (tau 2), no augmentation (which the paper's errors suggest) and the rest of the training are ours.
import { cifar10 } from "../data-kind.ts";
import { error, lastEpoch } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import {
  about,
  desk,
  drops,
  errorRecords,
  figures,
  filterRecord,
  l2,
  maps,
  orthonormalWeights,
  penalized,
  plainNet,
  setting,
  sgd,
} from "./paper.ts";

const unverified = "read off a figure; the paper's augmentation is not known";

export default recipe({
  paper: about,
  title: "Plain-44: orthonormal filters and modulation",
  source: "Figure 5",
  expects: "Orthonormal filters are 3 points of error better than L2; their errors vanish less on the way back.",
  data: cifar10({}),
  model: ({ weights, modulation }, run) => plainNet({ depth: run.setting.depth ?? 44, weights, modulation }, run),
  vary: {
    weights: { "He, L2": l2, "orthonormal": orthonormalWeights() }, // prettier-ignore
    modulation: { "none": { tau: Infinity }, "modulated": { tau: 2 } }, // prettier-ignore
  },
  loss: (model, batch, { weights }) => penalized(model, batch, weights),
  observe: errorRecords,
  measure: filterRecord,
  optimizer: (model, { weights }, run) => sgd(model, weights, run),
  schedule: (_, run) => drops(run),
  run: { paper: { ...setting, depth: 44 }, desk: { ...desk, depth: 44 }, smoke: { depth: 8 } },
  evaluate: {
    unit: error,
    protocol: lastEpoch,
    against: { weights: "He, L2", modulation: "none" },
    published: [
      { at: { weights: "He, L2", modulation: "none" }, value: 16.3, unverified },
      { at: { weights: "orthonormal", modulation: "none" }, value: 12.9, unverified },
    ],
    curves: figures,
    maps,
  },
});
