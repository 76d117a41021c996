// The linear toy: 32 linear layers of width 32 with a residual connection at each, and how features are distributed from layer to layer.
//   Paper     Park 2024, arXiv 2411.09475, figure 1: each layer makes a distribution like that of the one before it anew.
//   Run it    perpend reproduce feature-reuse/toy --data-dir data
//   Smoke     perpend reproduce feature-reuse/toy --scale smoke
//   Published a figure without numbers that could be read.
//   Ours      accuracy % 38.28 +- 0.25 plain, 38.07 +- 0.21 droppath only, 36.52 +- 0.65 droppath, then its complement; distributions by layer
//             are in docs/results/feature-reuse.md. Desk scale: 10,000 images of CIFAR-10, 5 epochs, 3 seeds.
// What the paper's toy is given and learns is not known: pixels of CIFAR-10 to its classes, and the training, are ours.
import { additive, linearResNet, vanilla } from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { accuracy, lastEpoch } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { directSteps, reusing } from "../reuse-net.ts";
import { BINS, examineDistributions } from "../distributions.ts";
import { about, drops, fewArms, RATE, setting, sgd } from "./paper.ts";

export default recipe({
  paper: about,
  title: "Feature distributions of a linear net",
  source: "Figure 1",
  expects: "Distributions of successive layers are alike; how much accuracy comes of it is not the point.",
  data: cifar10({}),
  model: ({ arm: { method } }, { net: { classes, channels, seed }, image: { height, width }, setting: { depth = 32 }, watch }) => {
    const inputs = height * width * channels;
    return reusing((skip) => linearResNet({ depth, inputs, classes, seed, skip }), watch(additive()), { method, rate: RATE, seed });
  },
  vary: { arm: fewArms },
  prepare: directSteps,
  examine: examineDistributions,
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: {
    paper: { ...setting, lr: 0.01, depth: 32 },
    desk: { epochs: 5, trainImages: 10_000, testImages: 2000, seeds: 3 },
    smoke: { depth: 4 },
  },
  evaluate: {
    unit: accuracy,
    protocol: lastEpoch,
    against: { arm: vanilla.label },
    profiles: [
      { title: "Deviation of the stream", measure: "distributions", value: "deviation", unit: "layer" },
      { title: "Overlap with the distribution before the layer", measure: "distributions", value: "overlap", unit: "layer" },
      { title: "Likeness of a layer's input and output (linear CKA)", measure: "distributions", value: "cka", unit: "layer" },
    ],
    maps: [{ title: "Distribution of features, by layer", measure: "distributions", value: "b", bins: BINS, scale: "linear" }],
  },
});
