// Nonlinear functions of one variable, and powers.
import * as kernels from "../../kernels/activation.ts";
import { divide, multiply as multiplyKernel } from "../../kernels/elementwise.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import { emptyLike, launch } from "../launch.ts";
import { defineOp, type Op } from "../op.ts";
import { broadcastShape, expanded, sumTo } from "../strided.ts";
import type { Tensor } from "../tensor.ts";
import { affine } from "./elementwise.ts";

type One = readonly [Tensor];
type UnaryKernel = Kernel<{ readonly x: "in"; readonly y: "out" }, readonly ["length"]>;
type FromInput = Kernel<{ readonly x: "in"; readonly dy: "in"; readonly dx: "out" }, readonly ["length"]>;
type FromOutput = Kernel<{ readonly y: "in"; readonly dy: "in"; readonly dx: "out" }, readonly ["length"]>;
type Fill = (input: number, index: number, normal: number) => number;

const positive: Fill = (_input, _index, normal) => 0.25 + Math.abs(normal);

function apply(kernel: UnaryKernel, x: Tensor): Tensor {
  const y = emptyLike(x);
  launch(kernel, { x, y }, { length: x.size });
  return y;
}

function pointwise(kernel: typeof multiplyKernel, a: Tensor, b: Tensor): Tensor {
  const y = emptyLike(a);
  launch(kernel, { a, b, y }, { length: a.size });
  return y;
}

function pointwiseOp(
  name: string,
  kernel: UnaryKernel,
  gradient: (dy: Tensor, y: Tensor, x: Tensor) => Tensor,
  fill?: Fill,
): Op<One, object> {
  return defineOp<One, object>(name, {
    forward: ([x]) => apply(kernel, x),
    vjp: (dy, y, [x]) => [() => gradient(dy, y, x)],
    samples: [{ inputs: [[3, 7]], attributes: {}, fill }],
  });
}

function fromInput(kernel: FromInput): (dy: Tensor, y: Tensor, x: Tensor) => Tensor {
  return (dy, _y, x) => {
    const dx = emptyLike(x);
    launch(kernel, { x, dy, dx }, { length: x.size });
    return dx;
  };
}

function fromOutput(kernel: FromOutput): (dy: Tensor, y: Tensor) => Tensor {
  return (dy, y) => {
    const dx = emptyLike(y);
    launch(kernel, { y, dy, dx }, { length: y.size });
    return dx;
  };
}

const TWO_OVER_SQRT_PI = 1.1283791670955126;

export const expOp = /* @__PURE__ */ pointwiseOp("exp", kernels.exp, (dy, y) => pointwise(multiplyKernel, dy, y));
export const logOp = /* @__PURE__ */ pointwiseOp("log", kernels.log, (dy, _y, x) => pointwise(divide, dy, x), positive);
export const tanhOp = /* @__PURE__ */ pointwiseOp("tanh", kernels.tanh, fromOutput(kernels.tanhBackward));
export const sigmoidOp = /* @__PURE__ */ pointwiseOp("sigmoid", kernels.sigmoid, fromOutput(kernels.sigmoidBackward));
export const erfOp = /* @__PURE__ */ pointwiseOp("erf", kernels.erf, (dy, _y, x) =>
  affine(pointwise(multiplyKernel, dy, apply(kernels.exp, affine(pointwise(multiplyKernel, x, x), -1, 0))), TWO_OVER_SQRT_PI, 0),
);
export const geluOp = /* @__PURE__ */ pointwiseOp("gelu", kernels.gelu, fromInput(kernels.geluBackward));
export const geluTanhOp = /* @__PURE__ */ pointwiseOp("geluTanh", kernels.geluTanh, fromInput(kernels.geluTanhBackward));
export const siluOp = /* @__PURE__ */ pointwiseOp("silu", kernels.silu, fromInput(kernels.siluBackward));
export const softplusOp = /* @__PURE__ */ pointwiseOp("softplus", kernels.softplus, (dy, _y, x) =>
  pointwise(multiplyKernel, dy, apply(kernels.sigmoid, x)),
);

export const powOp = /* @__PURE__ */ defineOp<One, { readonly exponent: number }>("pow", {
  forward: ([x], { exponent }) => {
    const y = emptyLike(x);
    launch(kernels.pow, { x, y }, { length: x.size, exponent });
    return y;
  },
  vjp: (dy, _y, [x], { exponent }) => [
    () => {
      if (exponent === 0) return affine(dy, 0, 0);
      const slope = emptyLike(x);
      launch(kernels.pow, { x, y: slope }, { length: x.size, exponent: exponent - 1 });
      return affine(pointwise(multiplyKernel, dy, slope), exponent, 0);
    },
  ],
  samples: [
    { inputs: [[7]], attributes: { exponent: 3 } },
    { inputs: [[7]], attributes: { exponent: -2 }, fill: positive },
    { inputs: [[7]], attributes: { exponent: 0.7 }, fill: positive },
  ],
});

export const powElementwiseOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor], object>("powElementwise", {
  forward: ([a, b]) => {
    const shape = broadcastShape("pow", a.shape, b.shape);
    const y = emptyLike(a, shape);
    launch(kernels.powElementwise, { a: expanded(a, shape), b: expanded(b, shape), y }, { length: y.size });
    return y;
  },
  vjp: (dy, y, [a, b]) => [
    () => {
      const [base, power] = [expanded(a, dy.shape), expanded(b, dy.shape)];
      const slope = emptyLike(dy);
      launch(kernels.powElementwise, { a: base, b: affine(power, 1, -1), y: slope }, { length: dy.size });
      const dx = pointwise(multiplyKernel, dy, pointwise(multiplyKernel, power, slope));
      dx.batch = dy.batch;
      return sumTo(dx, a);
    },
    () => {
      const dx = pointwise(multiplyKernel, dy, pointwise(multiplyKernel, y, apply(kernels.log, expanded(a, dy.shape))));
      dx.batch = dy.batch;
      return sumTo(dx, b);
    },
  ],
  samples: [{ inputs: [[2, 3], [3]], attributes: {}, fill: (input, _index, normal) => (input === 0 ? 0.5 + Math.abs(normal) : normal) }],
});

/** e^x, at most 2 ulp from the float64 value. */
export function exp(x: Tensor): Tensor {
  return expOp([x], {});
}

/** Natural logarithm, at most 2 ulp; -inf at 0, NaN below. */
export function log(x: Tensor): Tensor {
  return logOp([x], {});
}

/** Hyperbolic tangent, at most 2 ulp. */
export function tanh(x: Tensor): Tensor {
  return tanhOp([x], {});
}

/** Error function, at most 2 ulp. */
export function erf(x: Tensor): Tensor {
  return erfOp([x], {});
}

/** 1 / (1 + e^-x). */
export function sigmoid(x: Tensor): Tensor {
  return sigmoidOp([x], {});
}

/** x * Phi(x), with Phi exact or, as in many vision transformers, by tanh. */
export function gelu(x: Tensor, { approximate = "none" }: { approximate?: "none" | "tanh" } = {}): Tensor {
  return approximate === "tanh" ? geluTanhOp([x], {}) : geluOp([x], {});
}

/** x * sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return siluOp([x], {});
}

/** log(1 + e^x). */
export function softplus(x: Tensor): Tensor {
  return softplusOp([x], {});
}

/** x^exponent; a tensor as exponent broadcasts. NaN for a negative base with a fractional exponent. */
export function pow(x: Tensor, exponent: number | Tensor): Tensor {
  return typeof exponent === "number" ? powOp([x], { exponent }) : powElementwiseOp([x, exponent], {});
}
