// Activations made of others: rectifiers with a slope below 0, and the piecewise ones of networks for phones.
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { exp, softplus, tanh } from "./activation.ts";
import { add, affine, clamp, greater, maximum, minimum, multiply, relu, where } from "./elementwise.ts";

type One = readonly [Tensor];
const away = (_input: number, _index: number, normal: number): number => (normal < 0 ? normal - 0.5 : normal + 0.5);

export const leakyReluOp = /* @__PURE__ */ defineOp<One, { readonly slope: number }>("leakyRelu", {
  forward: ([x], { slope }) => (slope < 1 ? maximum : minimum)(x, affine(x, slope, 0)),
  vjp: (dy, _y, [x], { slope }) => [() => multiply(dy, affine(greater(x, 0), 1 - slope, slope))],
  samples: [
    { inputs: [[3, 5]], attributes: { slope: 0.2 }, fill: away },
    { inputs: [[3, 5]], attributes: { slope: 1.5 }, fill: away },
  ],
});

export const eluOp = /* @__PURE__ */ defineOp<One, { readonly alpha: number }>("elu", {
  forward: ([x], { alpha }) => add(relu(x), affine(exp(minimum(x, 0)), alpha, -alpha)),
  vjp: (dy, y, [x], { alpha }) => [() => where(greater(x, 0), dy, multiply(dy, affine(y, 1, alpha)))],
  samples: [{ inputs: [[3, 5]], attributes: { alpha: 0.75 }, fill: away }],
});

/** x where it is above 0, else slope x. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return leakyReluOp([x], { slope });
}

/** x where it is above 0, else alpha (e^x - 1). */
export function elu(x: Tensor, alpha = 1): Tensor {
  return eluOp([x], { alpha });
}

/** min(max(x, 0), 6). */
export function relu6(x: Tensor): Tensor {
  return clamp(x, 0, 6);
}

/** min(max(x / 6 + 1/2, 0), 1). */
export function hardSigmoid(x: Tensor): Tensor {
  return clamp(affine(x, 1 / 6, 0.5), 0, 1);
}

/** x hardSigmoid(x). */
export function hardSwish(x: Tensor): Tensor {
  return multiply(x, hardSigmoid(x));
}

/** x tanh(log(1 + e^x)). */
export function mish(x: Tensor): Tensor {
  return multiply(x, tanh(softplus(x)));
}
