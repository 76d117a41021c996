// Orthogonal updates in some blocks only.
//   Paper     Oh et al. 2025, arXiv 2505.11881, Table 7: the six blocks of ViT-S on Tiny ImageNet, 3 runs each.
//   Run it    perpend reproduce orthogonal-update/layer-subsets --data-dir data
//   Smoke     perpend reproduce orthogonal-update/layer-subsets --scale smoke
//   Published top-1 %: none 51.88; {0,1} 51.45; {2,3} 51.32; {4,5} 52.20; {0-3} 51.55; {0,1,4,5} 52.44; {2-5} 52.14; all 52.98. Read in the
//             paper.
//   Ours      accuracy % none 32.22, {4,5} 31.76, all 32.09: one seed shows nothing. Desk scale: ViT-S a quarter as wide, 10,000 images of
//             CIFAR-10, 5 epochs.
import { onBlocks, orthogonal, vitSmall } from "../../models/index.ts";
import { cifar10, tinyImageNet } from "../data-kind.ts";
import { accuracy, bestEpochs, type Published } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { about, adamw, cosine, smoothed, vitData, vitDesk, vitOf, vitSetting, vitSmoke } from "./paper.ts";

const subsets: Readonly<Record<string, readonly number[]>> = {
  "none": [],
  "0, 1": [0, 1],
  "2, 3": [2, 3],
  "4, 5": [4, 5],
  "0 to 3": [0, 1, 2, 3],
  "0, 1, 4, 5": [0, 1, 4, 5],
  "2 to 5": [2, 3, 4, 5],
  "all": [0, 1, 2, 3, 4, 5],
}; // prettier-ignore

const TOP1 = [[51.88, 0.42], [51.45, 0.16], [51.32, 0.63], [52.2, 0.27], [51.55, 0.3], [52.44, 0.38], [52.14, 0.15], [52.98, 0.45]] as const; // prettier-ignore

export default recipe({
  paper: about,
  title: "Orthogonal updates in some blocks",
  source: "Table 7",
  expects: "The last blocks gain most; all of them are best.",
  data: (_, scale) => vitData(scale === "paper" ? tinyImageNet : cifar10, scale),
  model: ({ blocks }, run) => vitOf(vitSmall, run.watch(onBlocks(blocks, orthogonal())), run),
  vary: { blocks: subsets },
  loss: smoothed,
  optimizer: (model, _, run) => adamw(model, run),
  schedule: (_, run) => cosine(run, 0.1),
  run: {
    paper: { ...vitSetting, lr: 5e-4, seeds: 3 },
    desk: { ...vitDesk, seeds: 1, only: { blocks: ["none", "4, 5", "all"] } },
    smoke: { ...vitSmoke, only: { blocks: ["none", "4, 5"] } },
  },
  evaluate: {
    unit: accuracy,
    protocol: bestEpochs(5),
    against: { blocks: "none" },
    published: TOP1.map(([value, spread], index): Published => ({
      at: { blocks: Object.keys(subsets)[index] },
      value,
      spread,
    })),
  },
});
