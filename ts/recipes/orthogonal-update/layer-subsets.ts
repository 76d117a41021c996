// Orthogonal updates in some blocks only.
//   Paper     Oh et al. 2025, arXiv 2505.11881, Table 7: the six blocks of ViT-S on Tiny ImageNet, 3 runs each.
//   Run it    perpend reproduce orthogonal-update/layer-subsets --data-dir data
//   Smoke     perpend reproduce orthogonal-update/layer-subsets --scale smoke
//   Published top-1 %: none 51.88; {0,1} 51.45; {2,3} 51.32; {4,5} 52.20; {0-3} 51.55; {0,1,4,5} 52.44; {2-5} 52.14; all 52.98. Read in the
//             paper.
//   Ours      not yet run. On the eight blocks of ResNetV2-18 and CIFAR-10, which is our choice: first, middle and last thirds.
import { onBlocks, orthogonal, resnetV2 } from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { accuracy, bestEpochs, type Published } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { about, augmentation, desk, drops, setting, sgd } from "./paper.ts";

/** Blocks of ResNetV2-18 that stand for those of the paper's net. */
const subsets: Readonly<Record<string, readonly number[]>> = {
  "none": [],
  "first third": [0, 1, 2],
  "middle third": [3, 4],
  "last third": [5, 6, 7],
  "all but the last": [0, 1, 2, 3, 4],
  "all but the middle": [0, 1, 2, 5, 6, 7],
  "all but the first": [3, 4, 5, 6, 7],
  "all": [0, 1, 2, 3, 4, 5, 6, 7],
}; // prettier-ignore

const unverified = "of the six blocks of ViT-S on Tiny ImageNet";
const TOP1 = [[51.88, 0.42], [51.45, 0.16], [51.32, 0.63], [52.2, 0.27], [51.55, 0.3], [52.44, 0.38], [52.14, 0.15], [52.98, 0.45]] as const; // prettier-ignore

export default recipe({
  paper: about,
  title: "Orthogonal updates in some blocks",
  source: "Table 7",
  expects: "The last blocks gain most; all of them are best.",
  data: cifar10(augmentation),
  model: ({ blocks }, { net, watch }) => resnetV2({ ...net, depth: 18, skip: watch(onBlocks(blocks, orthogonal())) }),
  vary: { blocks: subsets },
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: {
    paper: { ...setting, seeds: 3 },
    desk: { ...desk, seeds: 1, only: { blocks: ["none", "first third", "last third", "all"] } },
    smoke: { only: { blocks: ["none", "last third"] } },
  },
  evaluate: {
    unit: accuracy,
    protocol: bestEpochs(5),
    against: { blocks: "none" },
    published: TOP1.map(([value, spread], index): Published => ({
      at: { blocks: Object.keys(subsets)[index] },
      value,
      spread,
      unverified,
    })),
  },
});
