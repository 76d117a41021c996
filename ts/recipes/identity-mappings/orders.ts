// Five orders of batch norm, ReLU and convolution in a residual unit.
//   Paper     He et al. 2016, "Identity Mappings in Deep Residual Networks", arXiv 1603.05027, Table 2 and figure 4.
//   Run it    perpend reproduce identity-mappings/orders --data-dir data
//   Smoke     perpend reproduce identity-mappings/orders --scale smoke
//   Published error % on CIFAR-10, median of 5 runs, at 110 and 164 layers: original 6.61, 5.93; BN after addition 8.17, 6.50; ReLU before
//             addition 7.84, 6.14; ReLU-only pre-activation 6.71, 5.91; full pre-activation 6.37, 5.46. Read in the paper.
//   Ours      error % 57.2, 86.6, 66.5, 53.9, 57.9 in that order (docs/results/identity-mappings.md).
//             Desk scale: half the width, 10,000 images, 5 epochs, 2 seeds, 110 layers.
import {
  cifarLayout,
  fullPreActivation,
  normAfterAddition,
  original,
  reluBeforeAddition,
  reluPreActivation,
  additive,
  resnetV2,
} from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { error, lastEpoch, type Published } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { about, desk, drops, setting, sgd } from "./paper.ts";

const orders = [original(), normAfterAddition(), reluBeforeAddition(), reluPreActivation(), fullPreActivation()] as const;

const published = Object.entries({ "110": [6.61, 8.17, 7.84, 6.71, 6.37], "164": [5.93, 6.5, 6.14, 5.91, 5.46] }).flatMap(
  ([depth, values]) => values.map((value, index): Published => ({ at: { depth, order: orders[index].label }, value })),
);

export default recipe({
  paper: about,
  title: "Orders of activation",
  source: "Table 2",
  expects: "BN or ReLU behind the branch hurts; full pre-activation is best, most so in the deeper net.",
  data: cifar10(),
  model: ({ depth, order }, { net, watch, setting: { depth: own = depth } }) =>
    resnetV2({ ...net, depth: own, order, layout: cifarLayout(), skip: watch(additive()) }),
  vary: { depth: [110, 164], order: orders },
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: { paper: setting, desk: { ...desk, only: { depth: ["110"] } }, smoke: { depth: 8, only: { depth: ["110"] } } },
  evaluate: { unit: error, protocol: lastEpoch, against: { order: "original" }, published },
});
