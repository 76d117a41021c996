// Original units against full pre-activation on large images.
//   Paper     He et al. 2016, arXiv 1603.05027, Table 5: ImageNet, ResNet-152 and 200, single crop.
//   Run it    perpend reproduce identity-mappings/imagenet --data-dir data
//   Smoke     perpend reproduce identity-mappings/imagenet --scale smoke
//   Published top-1 error % at test crop 320: 152 layers 21.3 original, 21.1 pre-activation; 200 layers 21.8 and 20.7. Read in the paper.
//   Ours      error % 73.08 +- 2.65 original, 65.20 +- 1.34 pre-activation (p 0.074), five epochs, 2 seeds. Desk scale: the layout at 50
//             layers, an eighth as wide, on CIFAR-10, whose images its stem makes 8 by 8.
// Scale augmentation with shorter sides in [256, 480] and the test crop of 320 are not here: crops keep the image's own size.
import { additive, fullPreActivation, imageNetLayout, original, resnetV2 } from "../../models/index.ts";
import { cifar10, imageNet } from "../data-kind.ts";
import { error, lastEpoch, type Published } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { about, desk, drops, setting, sgd } from "./paper.ts";

const orders = [original(), fullPreActivation()] as const;
const unverified = "at the paper's test crop of 320";

const published = Object.entries({ "152": [21.3, 21.1], "200": [21.8, 20.7] }).flatMap(([depth, values]) =>
  values.map((value, index): Published => ({ at: { data: "imagenet", depth, order: orders[index].label }, value, unverified })),
);

export default recipe({
  paper: about,
  title: "Pre-activation on large images",
  source: "Table 5",
  expects: "About alike at 152 layers; pre-activation better at 200, where the original net overfits.",
  data: ({ data }) => data,
  model: ({ depth, order }, { net, watch, setting: { depth: own = depth } }) =>
    resnetV2({ ...net, depth: own, order, layout: imageNetLayout(), skip: watch(additive()) }),
  vary: { data: { imagenet: imageNet(), cifar10: cifar10() }, depth: [152, 200], order: orders },
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: {
    paper: { ...setting, epochs: 90, batch: 256, bnGroup: 32, seeds: 1, only: { data: ["imagenet"] } },
    desk: { ...desk, batch: 128, depth: 50, only: { data: ["cifar10"], depth: ["152"] } },
    smoke: { depth: 18 },
  },
  evaluate: { unit: error, protocol: lastEpoch, against: { order: "original" }, published },
});
