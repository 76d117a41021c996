// The weight of the orthonormal penalty.
//   Paper     Xie et al. 2017, arXiv 1703.01827; its value could not be read.
//   Run it    perpend reproduce orthonormality-modulation/lambda --data-dir data
//   Smoke     perpend reproduce orthonormality-modulation/lambda --scale smoke
//   Published nothing that could be read; a third party's code has 1e-4 with a norm that is not squared.
//   Ours      not yet run. Plain-44; desk scale: half the width, 10,000 images, 5 epochs, 2 seeds.
import { cifar10 } from "../data-kind.ts";
import { error, lastEpoch } from "../evaluate.ts";
import { labelOf, recipe } from "../recipe.ts";
import {
  about,
  desk,
  drops,
  errorRecords,
  figures,
  filterRecord,
  maps,
  orthonormalWeights,
  penalized,
  plainNet,
  setting,
  sgd,
} from "./paper.ts";

const LAMBDAS = [1e-5, 1e-4, 5e-4, 1e-3, 1e-2];
const weightsOf = Object.fromEntries(LAMBDAS.map((lambda) => [labelOf(lambda), orthonormalWeights(lambda)]));

export default recipe({
  paper: about,
  title: "The weight of the orthonormal penalty",
  source: "not in what could be read",
  expects: "Unknown: enough to keep filters apart, not so much that they cannot learn.",
  data: cifar10({}),
  model: ({ lambda }, run) => plainNet({ depth: run.setting.depth ?? 44, weights: lambda }, run),
  vary: { lambda: weightsOf },
  loss: (model, batch, { lambda }) => penalized(model, batch, lambda),
  observe: errorRecords,
  measure: filterRecord,
  optimizer: (model, { lambda }, run) => sgd(model, lambda, run),
  schedule: (_, run) => drops(run),
  run: {
    paper: { ...setting, depth: 44 },
    desk: { ...desk, depth: 44, seeds: 2, only: { lambda: ["1e-4", "1e-3", "0.01"] } },
    smoke: { depth: 8, only: { lambda: ["1e-4", "0.01"] } },
  },
  evaluate: { unit: error, protocol: lastEpoch, against: { lambda: "1e-4" }, sweep: "lambda", curves: figures, maps },
});
