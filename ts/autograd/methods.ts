// Operations as methods of tensors: a.add(b).relu().mean().backward(). Loaded by ts/index.ts, so that parts of the package can do without.
import { backward, type BackwardOptions } from "./backward.ts";
import * as activation from "./ops/activation.ts";
import * as elementwise from "./ops/elementwise.ts";
import { matmul } from "./ops/gemm.ts";
import * as reduce from "./ops/reduce.ts";
import * as shape from "./ops/shape.ts";
import { logSoftmax, softmax } from "./ops/softmax.ts";
import * as statistics from "./ops/statistics.ts";
import * as views from "./ops/views.ts";
import { Tensor } from "./tensor.ts";

const methods = {
  add: elementwise.add,
  subtract: elementwise.subtract as (a: Tensor, b: Tensor | number) => Tensor,
  multiply: elementwise.multiply,
  divide: elementwise.divide as (a: Tensor, b: Tensor | number) => Tensor,
  maximum: elementwise.maximum,
  minimum: elementwise.minimum,
  relu: elementwise.relu,
  absolute: elementwise.absolute,
  sqrt: elementwise.sqrt,
  clamp: elementwise.clamp,
  greater: elementwise.greater,
  greaterEqual: elementwise.greaterEqual,
  less: elementwise.less,
  lessEqual: elementwise.lessEqual,
  equal: elementwise.equal,
  exp: activation.exp,
  log: activation.log,
  tanh: activation.tanh,
  erf: activation.erf,
  sigmoid: activation.sigmoid,
  gelu: activation.gelu,
  silu: activation.silu,
  softplus: activation.softplus,
  pow: activation.pow,
  matmul,
  sum: reduce.sum,
  mean: reduce.mean,
  max: reduce.max,
  min: statistics.min,
  argmax: reduce.argmax,
  argmin: statistics.argmin,
  variance: statistics.variance,
  norm: statistics.norm,
  reshape: shape.reshape,
  transpose: shape.transpose,
  slice: shape.slice,
  pad: shape.pad,
  broadcastTo: shape.broadcastTo,
  squeeze: views.squeeze,
  unsqueeze: views.unsqueeze,
  flatten: views.flatten,
  split: views.split,
  detach: views.detach,
  softmax,
  logSoftmax,
  backward: (x: Tensor, options?: BackwardOptions): void => backward(x, options),
} as const;

/** What a function takes behind its first argument, each of its forms. */
type Rest<P> = P extends readonly [Tensor, ...infer R] ? R : never;
type Method<F extends (...given: never[]) => unknown> = (...rest: Rest<Parameters<F>>) => ReturnType<F>;
type Methods = { readonly [K in keyof typeof methods]: Method<(typeof methods)[K]> };

declare module "./tensor.ts" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merges the operations into the class
  interface Tensor extends Methods {}
}

for (const [name, run] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    value(this: Tensor, ...rest: never[]) {
      return (run as (x: Tensor, ...rest: never[]) => unknown)(this, ...rest);
    },
  });
