// Original units against full pre-activation, over depths.
//   Paper     He et al. 2016, arXiv 1603.05027, Tables 3 and 4.
//   Run it    perpend reproduce identity-mappings/pre-activation --data-dir data
//   Smoke     perpend reproduce identity-mappings/pre-activation --scale smoke
//   Published error %, original and pre-activation. CIFAR-10: 110 layers with one convolution a unit 9.90, 8.91; 110 6.61, 6.37; 164 5.93,
//             5.46; 1001 7.61, 4.92. CIFAR-100: 164 25.16, 24.33; 1001 27.82, 22.71. Read in the paper.
//   Ours      65.35 +- 3.54 and 56.55 +- 1.70 % error. Desk scale: 164 layers, half the width, 10,000 images of CIFAR-10, 5 epochs, 2 seeds.
import { additive, cifarLayout, fullPreActivation, original, resnetV2, type Block } from "../../models/index.ts";
import { cifar10, cifar100 } from "../data-kind.ts";
import { error, lastEpoch, type Published } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { about, desk, drops, setting, sgd } from "./paper.ts";

interface Net {
  readonly depth: number;
  readonly block: Block;
}

const nets: Readonly<Record<string, Net>> = {
  "110, 1-layer units": { depth: 110, block: "single" },
  "110 layers": { depth: 110, block: "basic" },
  "164 layers": { depth: 164, block: "bottleneck" },
  "1001 layers": { depth: 1001, block: "bottleneck" },
};
const orders = [original(), fullPreActivation()] as const;

const TABLE: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  cifar10: { "110, 1-layer units": [9.9, 8.91], "110 layers": [6.61, 6.37], "164 layers": [5.93, 5.46], "1001 layers": [7.61, 4.92] },
  cifar100: { "164 layers": [25.16, 24.33], "1001 layers": [27.82, 22.71] },
};

const published = Object.entries(TABLE).flatMap(([data, byNet]) =>
  Object.entries(byNet).flatMap(([net, values]) =>
    values.map((value, index): Published => ({ at: { data, net, order: orders[index].label }, value })),
  ),
);

export default recipe({
  paper: about,
  title: "Original units and full pre-activation",
  source: "Table 3",
  expects: "Pre-activation is better at every depth, by far at 1001 layers.",
  data: ({ data }) => data,
  model: ({ net: { depth, block }, order }, { net, watch, setting: { depth: own = depth } }) =>
    resnetV2({ ...net, depth: own, block, order, layout: cifarLayout(), skip: watch(additive()) }),
  vary: { data: { cifar10: cifar10(), cifar100: cifar100() }, net: nets, order: orders },
  where: ({ data, net }) => data.name === "cifar10" || net.block === "bottleneck",
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: {
    paper: setting,
    desk: { ...desk, only: { data: ["cifar10"], net: ["164 layers"] } },
    smoke: { depth: 11 },
  },
  evaluate: { unit: error, protocol: lastEpoch, against: { order: "original" }, published },
});
