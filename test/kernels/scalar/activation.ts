// Activations and their gradients, elementwise, as assembly/simd/activation.ts: see functions.ts.
import * as kernels from "../../../ts/definitions/activation.ts";
import * as gates from "../../../ts/definitions/gate.ts";
import type { DefinedKernel } from "../../../ts/definitions/definition.ts";
import { erf, exp, expDown, log, logOnePlus, power, tail, tanh } from "./functions.ts";
import { f, pmax, pmin, scalar, type Scalar } from "./scalar.ts";

const INVERSE_ROOT_TAU = f(0.3989422917366028);
const SLOPE = f(1.5957691669464111);
const BEND = f(0.07135481387376785);
const BEND3 = f(0.21406444907188416);

/** factor * sigmoid(x). */
function timesSigmoid(x: number, factor: number): number {
  const e = expDown(-Math.abs(x));
  return f(f(factor * (x < 0 ? e : 1)) / f(1 + e));
}

export function sigmoid(x: number): number {
  const e = expDown(-Math.abs(x));
  return f((x < 0 ? e : 1) / f(1 + e));
}

function gelu(x: number): number {
  const { a, e, unit, factor } = tail(x);
  return f(pmax(x, 0) - f(f(a * unit) * f(factor * e)));
}

function geluTanh(x: number): number {
  const slope = f(SLOPE + f(f(x * x) * BEND));
  return timesSigmoid(f(x * slope), x);
}

function softplus(x: number): number {
  return f(pmax(x, 0) + logOnePlus(expDown(-Math.abs(x))));
}

/** 1 - q for x >= 0 or NaN, q below. */
function mirror(q: number, x: number): number {
  return x < 0 ? q : f(1 - q);
}

function geluSlope(x: number): number {
  const { a, e, unit, factor } = tail(x);
  return mirror(f(e * f(f(unit * factor) - f(a * INVERSE_ROOT_TAU))), x);
}

function geluTanhSlope(x: number): number {
  const a = pmin(Math.abs(x), 16);
  const square = f(a * a);
  const u = f(a * f(SLOPE + f(square * BEND)));
  const du = f(a * f(SLOPE + f(square * BEND3)));
  const e = expDown(-u);
  const r = f(1 / f(1 + e));
  return mirror(f(f(e * r) * f(1 - f(du * r))), x);
}

function siluSlope(x: number): number {
  const a = pmin(Math.abs(x), 120);
  const e = expDown(-a);
  const r = f(1 / f(1 + e));
  return mirror(f(f(e * r) * f(1 - f(a * r))), x);
}

type Unary = DefinedKernel<{ readonly x: "in"; readonly y: "out" }, readonly ["length"]>;
type OfInput = DefinedKernel<{ readonly x: "in"; readonly dy: "in"; readonly dx: "out" }, readonly ["length"]>;
type OfOutput = DefinedKernel<{ readonly y: "in"; readonly dy: "in"; readonly dx: "out" }, readonly ["length"]>;

export function unary(kernel: Unary, g: (x: number) => number): Scalar {
  return scalar(kernel, ({ x, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] = g(x[i]);
  });
}

function ofInput(kernel: OfInput, slope: (x: number) => number): Scalar {
  return scalar(kernel, ({ x, dy, dx }, { length }) => {
    for (let i = 0; i < length; i++) dx[i] = f(dy[i] * slope(x[i]));
  });
}

function ofOutput(kernel: OfOutput, slope: (y: number) => number): Scalar {
  return scalar(kernel, ({ y, dy, dx }, { length }) => {
    for (let i = 0; i < length; i++) dx[i] = f(dy[i] * slope(y[i]));
  });
}

export const activation: readonly Scalar[] = [
  unary(kernels.exp, exp),
  unary(kernels.log, log),
  unary(kernels.tanh, tanh),
  unary(kernels.erf, erf),
  unary(kernels.sigmoid, sigmoid),
  unary(kernels.gelu, gelu),
  unary(kernels.geluTanh, geluTanh),
  unary(kernels.silu, (x) => timesSigmoid(x, x)),
  unary(kernels.softplus, softplus),
  ofInput(kernels.geluBackward, geluSlope),
  ofInput(kernels.geluTanhBackward, geluTanhSlope),
  ofInput(kernels.siluBackward, siluSlope),
  ofOutput(kernels.tanhBackward, (y) => f(1 - f(y * y))),
  ofOutput(kernels.sigmoidBackward, (y) => f(y * f(1 - y))),
  scalar(gates.gate, ({ z, x, f: branch, g, y }, { length, exclusive }) => {
    for (let i = 0; i < length; i++) {
      g[i] = sigmoid(z[i]);
      y[i] = exclusive ? x[i] + f(g[i] * f(branch[i] - x[i])) : f(x[i] - f(g[i] * x[i])) + branch[i];
    }
  }),
  scalar(gates.gateBackward, ({ g, x, f: branch, dy, dz, dx, df }, { length, exclusive }) => {
    for (let i = 0; i < length; i++) {
      const slope = f(g[i] * f(1 - g[i]));
      const through = f(dy[i] * g[i]);
      const taken = -dy[i] + 0;
      dz[i] = exclusive ? f(f(dy[i] * f(branch[i] - x[i])) * slope) : f(f(taken * x[i]) * slope);
      dx[i] = dy[i] + (exclusive ? -through + 0 : f(taken * g[i]));
      df[i] = exclusive ? through : dy[i];
    }
  }),
  scalar(kernels.pow, ({ x, y }, { length, exponent }) => {
    for (let i = 0; i < length; i++) y[i] = exponent === 2 ? f(x[i] * x[i]) : power(x[i], exponent);
  }),
  scalar(kernels.powElementwise, ({ a, b, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] = power(a[i], b[i]);
  }),
  scalar(kernels.binaryCrossEntropy, ({ logits, target, loss, dlogits }, { length }) => {
    for (let i = 0; i < length; i++) {
      const x = logits[i];
      const t = target[i];
      const e = expDown(-Math.abs(x));
      loss[i] = f(f(pmax(x, 0) - f(x * t)) + logOnePlus(e));
      dlogits[i] = f(sigmoid(x) - t);
    }
  }),
];
