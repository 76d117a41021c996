// What trained vision transformers do without some of their branches: attention and MLPs are left out, each by itself.
//   Paper     Park 2024, arXiv 2411.09475, of which only the abstract and the first figure could be read: this diagnostic is ours.
//   Run it    perpend reproduce feature-reuse/deletion --data-dir data
//   Smoke     perpend reproduce feature-reuse/deletion --scale smoke
//   Published nothing.
//   Ours      not yet run. Desk scale: ViT-S a quarter as wide, 10,000 images of CIFAR-10, 5 epochs, 2 seeds.
// The same of residual nets is drawn by feature-reuse/arms.
import { additive, vanilla, vitSmall } from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { accuracy, lastEpoch } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { directSteps, examineBlocks, reusing } from "../reuse-net.ts";
import { adamw, cosine, vitData, vitDesk, vitOf, vitSetting, vitSmoke } from "../orthogonal-update/paper.ts";
import { about, fewArms, profiles, RATE } from "./paper.ts";

export default recipe({
  paper: about,
  title: "Transformers without some of their branches",
  source: "not in the paper",
  expects: "Nets that were trained with droppath lose less when branches are left out; what the complement adds is unknown.",
  data: (_, scale) => vitData(cifar10, scale),
  model: ({ arm: { method } }, run) =>
    reusing((skip) => vitOf(vitSmall, skip, run), run.watch(additive()), { method, rate: RATE, seed: run.seed }),
  vary: { arm: fewArms },
  prepare: directSteps,
  examine: examineBlocks,
  optimizer: (model, _, run) => adamw(model, run),
  schedule: (_, run) => cosine(run),
  run: { paper: vitSetting, desk: { ...vitDesk, seeds: 2 }, smoke: vitSmoke },
  evaluate: { unit: accuracy, protocol: lastEpoch, against: { arm: vanilla.label }, profiles, streams: true },
});
