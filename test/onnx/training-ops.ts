// ONNX's optimizers by perpend's kernels: R, T, then the weights, gradients and states of all parameters; out come weights and states.
import { emptyLike, launch, type Tensor } from "../../ts/autograd/index.ts";
import { adam, sgd } from "../../ts/kernels/update.ts";
import { pow } from "../../ts/math.ts";
import { Absent, floats, type Operator } from "./operator.ts";

/** The groups of `kinds` tensors that follow R and T, by parameter. */
function parametersOf(inputs: readonly (Tensor | null | undefined)[], kinds: number): Tensor[][] {
  const all = inputs.slice(2).map((input) => input!);
  const count = all.length / kinds;
  return Array.from({ length: count }, (_, i) => Array.from({ length: kinds }, (_, kind) => all[kind * count + i]));
}

const byKind = (results: readonly (readonly Tensor[])[]): Tensor[] => results[0].flatMap((_, kind) => results.map((of) => of[kind]));

export const training: Readonly<Record<string, Operator>> = {
  Adam: (inputs, node) => {
    const lr = node.host(0)![0];
    const steps = node.host(1)![0];
    const [beta1, beta2] = [floats(node, "alpha", 0.9), floats(node, "beta", 0.999)];
    if (floats(node, "norm_coefficient_post", 0) !== 0) throw new Absent("a decay of the weights afterwards");
    const correction1 = steps > 0 ? 1 - pow(beta1, steps) : 1;
    const correction2 = steps > 0 ? 1 - pow(beta2, steps) : 1;
    // Ours adds epsilon to the corrected root. The vectors were made with 1e-2 where the node names none, whatever the default is.
    const eps = floats(node, "epsilon", 1e-2) / Math.sqrt(correction2);
    const weightDecay = floats(node, "norm_coefficient", 0);
    return byKind(
      parametersOf(inputs, 4).map(([w, g, m, v]) => {
        const [wOut, mOut, vOut] = [emptyLike(w), emptyLike(m), emptyLike(v)];
        const numbers = { length: w.size, lr, beta1, beta2, eps, weightDecay, decoupled: 0, correction1, correction2, gradientScale: 1 };
        launch(adam, { w, g, m, v, wOut, mOut, vOut }, numbers);
        return [wOut, mOut, vOut];
      }),
    );
  },
  Momentum: (inputs, node) => {
    const isFirst = node.host(1)![0] === 0;
    const numbers = {
      lr: node.host(0)![0],
      momentum: floats(node, "alpha", 0),
      dampening: 1 - (isFirst ? 1 : floats(node, "beta", 1)),
      weightDecay: floats(node, "norm_coefficient", 0),
      nesterov: node.text("mode", "standard") === "nesterov" ? 1 : 0,
      gradientScale: 1,
      first: 0,
    };
    return byKind(
      parametersOf(inputs, 3).map(([w, g, m]) => {
        const [wOut, mOut] = [emptyLike(w), emptyLike(m)];
        launch(sgd, { w, g, m, wOut, mOut }, { length: w.size, ...numbers });
        return [wOut, mOut];
      }),
    );
  },
};
