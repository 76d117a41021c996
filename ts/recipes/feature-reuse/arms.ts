// Droppath and its complement in turn, against six controls.
//   Paper     Park 2024, "ResidualDroppath", arXiv 2411.09475. Only the abstract and the first figure could be read.
//   Run it    perpend reproduce feature-reuse/arms --data-dir data
//   Smoke     perpend reproduce feature-reuse/arms --scale smoke
//   Published no number that could be read. In words: better accuracy "in certain cases".
//   Ours      plain 47.33 +- 1.94, droppath 46.80 +- 2.26, then the whole net 48.10 +- 0.49, then its complement 40.55 +- 0.14, then others
//             40.73 +- 1.31, complement only 27.38 +- 3.15, per sample 41.13 +- 2.02 % accuracy. Desk scale: 56 layers, half the width,
//             10,000 images, 6 epochs, 2 seeds.
// At the end each net is examined without some of its branches, on 256 images. All arms make as many updates. Rates rise to 0.2 at the last branch; running statistics are estimated anew before the end is judged.
import { complementary, vanilla } from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { accuracy, lastEpoch } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { directSteps, examineBlocks, reuseNet } from "../reuse-net.ts";
import { about, arms, desk, drops, profiles, RATE, REESTIMATE, setting, sgd, type Arm } from "./paper.ts";

export default recipe({
  paper: about,
  title: "Droppath and its complement against six controls",
  source: "abstract",
  expects: "The method above plain training in some cases; the paper does not say which.",
  data: cifar10(),
  model: ({ arm }: { readonly arm: Arm }, run) => reuseNet({ depth: run.setting.depth ?? 110, rate: RATE, ...arm }, run),
  vary: { arm: arms },
  prepare: directSteps,
  examine: examineBlocks,
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: { paper: { ...setting, depth: 110 }, desk: { ...desk, depth: 56 }, smoke: { depth: 14 } },
  evaluate: {
    unit: accuracy,
    protocol: lastEpoch,
    against: { arm: vanilla.label },
    claims: [{ at: { arm: complementary.label }, is: "better", unverified: "the abstract says: in certain cases" }],
    reestimate: REESTIMATE,
    profiles,
    streams: true,
  },
});
