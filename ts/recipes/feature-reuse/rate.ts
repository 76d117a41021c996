// How many branches are left out: the rate of the last one, to which rates rise in a line.
//   Paper     Park 2024, arXiv 2411.09475, does not say. The values are ours.
//   Run it    perpend reproduce feature-reuse/rate --data-dir data
//   Smoke     perpend reproduce feature-reuse/rate --scale smoke
//   Published nothing.
//   Ours      not yet run. Desk scale: 56 layers, half the width, 10,000 images, 6 epochs, 2 seeds.
import { cifar10 } from "../data-kind.ts";
import { accuracy, lastEpoch } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { directSteps, reuseNet } from "../reuse-net.ts";
import { about, desk, drops, REESTIMATE, setting, sgd } from "./paper.ts";

export default recipe({
  paper: about,
  title: "The rate of droppath",
  source: "not in the paper",
  expects: "Unknown: at 0 the method is plain training, as every other step has nothing to train.",
  data: cifar10(),
  model: ({ rate }, run) => reuseNet({ depth: run.setting.depth ?? 110, rate }, run),
  vary: { rate: [0, 0.1, 0.2, 0.5] },
  prepare: directSteps,
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: {
    paper: { ...setting, depth: 110 },
    desk: { ...desk, depth: 56, only: { rate: ["0", "0.1", "0.5"] } },
    smoke: { depth: 14, only: { rate: ["0", "0.5"] } },
  },
  evaluate: { unit: accuracy, protocol: lastEpoch, against: { rate: "0" }, reestimate: REESTIMATE, sweep: "rate" },
});
