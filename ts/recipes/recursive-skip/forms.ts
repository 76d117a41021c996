// Expanded and recursive skips, with layer norm, batch norm or no norm, over lambda.
//   Paper     Liu et al. 2021, arXiv 2105.07205, its experiments with PreAct-ResNet-110 on CIFAR-10.
//   Run it    perpend reproduce recursive-skip/forms --data-dir data
//   Smoke     perpend reproduce recursive-skip/forms --scale smoke
//   Published no number that could be read. In words: lambda other than 1 without a norm learns badly; expanded with layer norm is above the
//             plain skip, batch norm in its place weaker; recursive with layer norm is best of all.
//   Ours      plain 54.23 +- 1.66, recursive(2) with layer norm 49.17 +- 1.59, with batch norm 49.42 +- 0.74 % error; expanded at 0.5, 1, 2:
//             68.05, -, 51.65 without a norm, 76.95, 68.48, 53.88 with layer norm, 72.25, 63.40, 50.72 with batch norm. Desk scale: 56
//             layers, half the width, 10,000 images, 5 epochs, 2 seeds.
// The values of lambda, the axes of layer norm in maps, a norm of its own for each step, and the training are ours.
import { additive, expanded, recursive, resnetV2, streamBatchNorm, streamLayerNorm, type SkipKind } from "../../models/index.ts";
import { cifar10 } from "../data-kind.ts";
import { error, lastEpoch, type Claim } from "../evaluate.ts";
import { recipe } from "../recipe.ts";
import { about, desk, drops, setting, sgd } from "./paper.ts";

/** A skip by lambda; `steps` counts it, and at 1 is the form without recursion. */
interface Form {
  readonly of: (lambda: number) => SkipKind;
  readonly takes: (lambda: number) => boolean;
}

const steps = (lambda: number): boolean => Number.isInteger(lambda) && lambda > 1;
const forms: Readonly<Record<string, Form>> = {
  "plain": { of: () => additive(), takes: (lambda) => lambda === 1 },
  "xSkip": { of: (lambda) => expanded(lambda), takes: (lambda) => lambda !== 1 },
  "xSkip+LN": { of: (lambda) => expanded(lambda, { norm: streamLayerNorm() }), takes: () => true },
  "rSkip+LN": { of: (lambda) => recursive(lambda, { norm: streamLayerNorm() }), takes: steps },
  "xSkip+BN": { of: (lambda) => expanded(lambda, { norm: streamBatchNorm() }), takes: () => true },
  "rSkip+BN": { of: (lambda) => recursive(lambda, { norm: streamBatchNorm() }), takes: steps },
}; // prettier-ignore

const unverified = "from a summary of the paper; for which lambda is not known";
const claims: readonly Claim[] = [
  { at: { form: "xSkip" }, is: "worse", unverified },
  { at: { form: "xSkip+LN" }, is: "better", unverified },
  { at: { form: "rSkip+LN" }, is: "better", unverified },
];

export default recipe({
  paper: about,
  title: "Forms of the skip, over lambda",
  source: "CIFAR-10",
  expects: "Without a norm lambda other than 1 is worse; with layer norm it is better than the plain skip, and recursive best.",
  data: cifar10(),
  model: ({ form, lambda }, { net, watch, setting: { depth = 110 } }) =>
    resnetV2({ ...net, depth, block: "basic", skip: watch(form.of(lambda)) }),
  vary: { form: forms, lambda: [0.5, 1, 2, 3] },
  where: ({ form, lambda }) => form.takes(lambda),
  optimizer: (model, _, run) => sgd(model, run),
  schedule: (_, run) => drops(run),
  run: {
    paper: { ...setting, depth: 110 },
    desk: { ...desk, depth: 56, only: { lambda: ["0.5", "1", "2"] } },
    smoke: { depth: 8, only: { lambda: ["1", "2"] } },
  },
  evaluate: { unit: error, protocol: lastEpoch, against: { form: "plain", lambda: "1" }, claims, sweep: "lambda" },
});
