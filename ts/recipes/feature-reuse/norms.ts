// What batch norm does in steps that leave branches out or freeze them.
//   Paper     Park 2024, arXiv 2411.09475, does not say what it does. The three policies are ours.
//   Run it    perpend reproduce feature-reuse/norms --data-dir data
//   Smoke     perpend reproduce feature-reuse/norms --scale smoke
//   Published nothing.
//   Ours      not yet run. Desk scale: 56 layers, half the width, 10,000 images, 6 epochs, 2 seeds.
import type { ReuseNorm } from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { accuracy, lastEpoch } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { directSteps, reuseNet } from "../reuse-net.ts";
import { about, desk, drops, REESTIMATE, setting, sgd } from "./paper.ts";

const norms = { "follow whole nets": "follow whole nets", "freeze": "freeze", "follow all": "follow all" } as const satisfies Record<string, ReuseNorm>; // prettier-ignore

export default recipe({
  paper: about,
  title: "Batch norm in steps that freeze branches",
  source: "not in the paper",
  expects: "Alike once running statistics are estimated anew.",
  data: cifar10(),
  model: ({ norm }, run) => reuseNet({ depth: run.setting.depth ?? 110, rate: 0.2, norm }, run),
  vary: { norm: norms },
  prepare: directSteps,
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: { paper: { ...setting, depth: 110 }, desk: { ...desk, depth: 56 }, smoke: { depth: 14 } },
  evaluate: { unit: accuracy, protocol: lastEpoch, against: { norm: "follow whole nets" }, reestimate: REESTIMATE },
});
