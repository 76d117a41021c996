// Droppath and its complement in turn, against six controls.
//   Paper     Park 2024, "ResidualDroppath", arXiv 2411.09475. Only the abstract and the first figure could be read.
//   Run it    perpend reproduce feature-reuse/arms --data-dir data
//   Smoke     perpend reproduce feature-reuse/arms --scale smoke
//   Published no number that could be read. In words: better accuracy "in certain cases".
//   Ours      not yet run. Desk scale: 56 layers, half the width, 10,000 images, 6 epochs, 2 seeds.
// All arms make as many updates. Rates rise to 0.2 at the last branch; running statistics are estimated anew before the end is judged.
import {
  complementary,
  complementOnly,
  dropOnly,
  dropPath,
  growing,
  independent,
  unrestricted,
  vanilla,
  type ReuseMethod,
  type SkipKind,
} from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { accuracy, lastEpoch } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { directSteps, reuseNet } from "../reuse-net.ts";
import { about, desk, drops, REESTIMATE, setting, sgd } from "./paper.ts";

const RATE = 0.2;

interface Arm {
  readonly method: ReuseMethod;
  readonly skip?: SkipKind;
}

const arms: Readonly<Record<string, Arm>> = {
  [vanilla.label]: { method: vanilla },
  [dropOnly.label]: { method: dropOnly },
  "droppath per sample": { method: vanilla, skip: dropPath(growing(RATE), undefined, { per: "sample" }) },
  [independent.label]: { method: independent },
  [unrestricted.label]: { method: unrestricted },
  [complementOnly.label]: { method: complementOnly },
  [complementary.label]: { method: complementary },
};

export default recipe({
  paper: about,
  title: "Droppath and its complement against six controls",
  source: "abstract",
  expects: "The method above plain training in some cases; the paper does not say which.",
  data: cifar10(),
  model: ({ arm }, run) => reuseNet({ depth: run.setting.depth ?? 110, rate: RATE, ...arm }, run),
  vary: { arm: arms },
  prepare: directSteps,
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: { paper: { ...setting, depth: 110 }, desk: { ...desk, depth: 56 }, smoke: { depth: 14 } },
  evaluate: {
    unit: accuracy,
    protocol: lastEpoch,
    against: { arm: vanilla.label },
    claims: [{ at: { arm: complementary.label }, is: "better", unverified: "the abstract says: in certain cases" }],
    reestimate: REESTIMATE,
  },
});
