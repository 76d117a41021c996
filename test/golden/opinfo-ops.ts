// PyTorch's operators by perpend's, called as PyTorch calls them. What perpend has not throws `Absent`.
import * as t from "../../ts/autograd/index.ts";
import type { Tensor } from "../../ts/autograd/index.ts";
import { Absent, isTrue, list, maybe, numberOf, operand, tensorOf, type Argument, type Call, type Options } from "./opinfo-arguments.ts";
import { adaptive, batchNorm, conv2d, convTranspose2d, groupNorm, inside, instanceNorm, pool } from "./opinfo-images.ts";

/** Kinds of error bounds: sums of products, whose absolute terms can be summed; the rest. */
export interface Entry {
  readonly call: Call;
  /** Linear in each input. */
  readonly isLinear?: boolean;
  /** A gradient itself: it has none. */
  readonly isForwardOnly?: boolean;
  /** A result that is a small difference of large numbers: its error is measured by the largest value of all results of the case. */
  readonly cancels?: boolean;
  /** Arguments with a gradient, the first ones; by default all. */
  readonly gradients?: number;
}

const axisOf = (x: Tensor, axis: number): number => (axis < 0 ? axis + Math.max(1, x.rank) : axis);
const one =
  (f: (x: Tensor, args: readonly Argument[], options: Options) => Tensor): Call =>
  ([x, ...args], options) =>
    f(tensorOf(x), args, options);
const two =
  (f: (a: Tensor, b: Tensor | number) => Tensor): Call =>
  ([a, b]) =>
    f(tensorOf(a), operand(b));
const scaled = (b: Tensor | number, alpha: Argument): Tensor | number =>
  alpha === undefined ? b : typeof b === "number" ? b * numberOf(alpha, 1) : t.affine(b, numberOf(alpha, 1), 0);
/** The same values, on the tape. */
const same = (x: Tensor): Tensor => t.reshape(x, x.shape);
const negative = (x: Tensor): Tensor => t.affine(x, -1, 0);
const minimumOf = (a: Tensor, b: Argument): Tensor => (maybe(b) || typeof b === "number" ? t.minimum(a, operand(b)) : a);
const maximumOf = (a: Tensor, b: Argument): Tensor => (maybe(b) || typeof b === "number" ? t.maximum(a, operand(b)) : a);

/** The function over an axis, given one over the last. */
function overAxis(x: Tensor, axis: number, f: (x: Tensor) => Tensor): Tensor {
  if (x.rank === 0) return t.reshape(f(t.reshape(x, [1])), []);
  const order = x.shape.map((_, i) => i);
  const from = axisOf(x, axis);
  [order[from], order[x.rank - 1]] = [order[x.rank - 1], order[from]];
  return t.transpose(f(t.transpose(x, order)), order);
}

function largest(x: Tensor, dim: Argument, keepDims: boolean): Tensor {
  if (x.rank === 0) return same(x);
  const axes = (list(dim) ?? []).map((axis) => axisOf(x, axis)).sort((a, b) => b - a);
  if (axes.length === 0) return keepDims ? x.shape.reduceRight((y, _, axis) => t.max(y, { axis, keepDims }), x) : t.max(x);
  return axes.reduce((y, axis) => t.max(y, { axis, keepDims }), x);
}

const sums =
  (f: (x: Tensor, options: t.ReduceOptions) => Tensor): Call =>
  ([x, dim, keep], options) => {
    const own = tensorOf(x);
    const axes = list(options["dim"] ?? dim);
    const keepDims = isTrue(options["keepdim"] ?? keep);
    if (own.rank === 0) return f(own, {});
    return f(own, { keepDims, ...(axes && axes.length > 0 && { axes }) });
  };

const product: Call = ([a, b]) => {
  const [left, right] = [tensorOf(a), tensorOf(b)];
  const wide = t.matmul(
    left.rank === 1 ? t.reshape(left, [1, left.size]) : left,
    right.rank === 1 ? t.reshape(right, [right.size, 1]) : right,
  );
  const shape = wide.shape.slice(0, -2);
  return t.reshape(wide, [
    ...shape,
    ...(left.rank === 1 ? [] : [wide.shape[wide.rank - 2]]),
    ...(right.rank === 1 ? [] : [wide.shape[wide.rank - 1]]),
  ]);
};

const addmm: Call = ([c, a, b], { alpha, beta }) =>
  t.add(t.affine(t.matmul(tensorOf(a), tensorOf(b)), numberOf(alpha, 1), 0), t.affine(tensorOf(c), numberOf(beta, 1), 0));

const linear: Call = ([x, weight, bias]) => {
  const own = tensorOf(x);
  const rows = own.rank === 1 ? t.reshape(own, [1, own.size]) : own;
  if (tensorOf(weight).rank === 1) throw new Absent("a weight of one axis");
  const y = t.linear(rows, tensorOf(weight), maybe(bias));
  return own.rank === 1 ? t.reshape(y, [y.size]) : y;
};

const layerNorm: Call = ([x, shape, weight, bias], options) => {
  const own = tensorOf(x);
  const inner = t.sizeOf(list(shape) ?? []);
  const flat = (value: Argument): Tensor | null => (maybe(value) ? t.reshape(tensorOf(value), [inner]) : null);
  const gamma = flat(options["weight"] ?? weight);
  const rows = t.reshape(own, [inner === 0 ? 0 : own.size / inner, inner]);
  const eps = numberOf(options["eps"], 1e-5);
  return t.reshape(t.layerNorm(rows, gamma, flat(options["bias"] ?? bias), { eps }), own.shape);
};

const crossEntropy: Call = ([x, target], options) => {
  const logits = tensorOf(x);
  const classes = tensorOf(target);
  const how = options["reduction"] ?? "mean";
  if (maybe(options["weight"])) throw new Absent("weights of classes");
  if (how === "none") throw new Absent("losses that are not reduced");
  const ignored = options["ignore_index"];
  if (typeof ignored === "number" && [...classes.toArray()].includes(ignored)) throw new Absent("an ignored class");
  const rows = logits.rank === 1 ? t.reshape(logits, [1, logits.size]) : inside(logits);
  const c = rows.shape[rows.rank - 1];
  const count = rows.size / c;
  const isSoft = classes.size === logits.size && classes.rank === logits.rank;
  const wanted = isSoft ? t.reshape(logits.rank === 1 ? classes : inside(classes), [count, c]) : t.reshape(classes, [count]);
  const loss = t.crossEntropy(t.reshape(rows, [count, c]), wanted, { smoothing: numberOf(options["label_smoothing"], 0) });
  return how === "sum" ? t.affine(loss, count, 0) : loss;
};

const meanSquaredError: Call = ([x, target], options) => {
  const how = options["reduction"] ?? "mean";
  if (how === "mean") return t.meanSquaredError(tensorOf(x), tensorOf(target));
  const difference = t.subtract(tensorOf(x), tensorOf(target));
  const squares = t.multiply(difference, difference);
  return how === "sum" ? t.sum(squares) : squares;
};

const binaryCrossEntropy: Call = ([x, target], options) => {
  if (maybe(options["weight"]) || maybe(options["pos_weight"])) throw new Absent("weights of elements");
  if ((options["reduction"] ?? "mean") !== "mean") throw new Absent("losses that are not reduced to their mean");
  return t.binaryCrossEntropy(tensorOf(x), tensorOf(target));
};

const flatten: Call = ([x, from, to], options) => {
  const own = tensorOf(x);
  if (own.rank === 0) return t.reshape(own, [1]);
  const first = axisOf(own, numberOf(options["start_dim"] ?? from, 0));
  const last = axisOf(own, numberOf(options["end_dim"] ?? to, -1));
  return t.reshape(own, [...own.shape.slice(0, first), t.sizeOf(own.shape.slice(first, last + 1)), ...own.shape.slice(last + 1)]);
};

const expand: Call = ([x, shape]) => {
  const own = tensorOf(x);
  const wanted = list(shape) ?? [];
  return t.broadcastTo(
    own,
    wanted.map((length, i) => (length === -1 ? own.shape[i - wanted.length + own.rank] : length)),
  );
};

const narrow: Call = ([x, dim, start, length]) => {
  const own = tensorOf(x);
  const axis = axisOf(own, numberOf(dim, 0));
  const from = numberOf(start, 0);
  const first = from < 0 ? from + own.shape[axis] : from;
  const at = (value: number, rest: readonly number[]): number[] => rest.map((other, i) => (i === axis ? value : other));
  return t.slice(
    own,
    at(
      first,
      own.shape.map(() => 0),
    ),
    at(first + numberOf(length, 0), own.shape),
  );
};

const pad: Call = ([x, counts, , value], options) => {
  const own = tensorOf(x);
  const all = list(counts) ?? [];
  if (all.some((count) => count < 0)) throw new Absent("a negative border");
  const at = (offset: number): number[] => own.shape.map((_, axis) => all[2 * (own.rank - 1 - axis) + offset] ?? 0);
  return t.pad(own, at(0), at(1), numberOf(options["value"] ?? value, 0));
};

/** Operators by PyTorch's name. */
export const operators: Readonly<Record<string, Entry>> = {
  add: { call: ([a, b], { alpha }) => t.add(tensorOf(a), scaled(operand(b), alpha)) },
  sub: { call: ([a, b], { alpha }) => t.subtract(tensorOf(a), scaled(operand(b), alpha)) },
  mul: { call: two(t.multiply), isLinear: true },
  div: { call: two(t.divide) },
  true_divide: { call: two(t.divide) },
  __radd__: { call: two(t.add) },
  __rsub__: { call: ([a, b]) => t.subtract(operand(b), tensorOf(a)) },
  __rmul__: { call: two(t.multiply), isLinear: true },
  __rdiv__: { call: ([a, b]) => t.divide(operand(b), tensorOf(a)) },
  maximum: { call: two(t.maximum) },
  minimum: { call: two(t.minimum) },
  "max:binary": { call: two(t.maximum) },
  "min:binary": { call: two(t.minimum) },
  "max:reduction_with_dim": { call: ([x, dim, keep]) => largest(tensorOf(x), dim, isTrue(keep)) },
  "max:reduction_no_dim": { call: one((x) => t.max(x)) },
  amax: { call: ([x, dim, keep], o) => largest(tensorOf(x), o["dim"] ?? dim, isTrue(o["keepdim"] ?? keep)) },
  argmax: {
    call: ([x, dim, keep], options) => {
      const own = tensorOf(x);
      const axis = options["dim"] ?? dim;
      if (own.rank === 0 || typeof axis !== "number") return t.argmax(t.reshape(own, [own.size]), { axis: 0 });
      return t.argmax(own, { axis, keepDims: isTrue(options["keepdim"] ?? keep) });
    },
  },
  clamp: { call: ([x, low, high]) => minimumOf(maximumOf(tensorOf(x), low), high) },
  where: { call: ([x, condition, other]) => t.where(tensorOf(condition), tensorOf(x), tensorOf(other)) },
  abs: { call: one(t.absolute) },
  neg: { call: one(negative) },
  sqrt: { call: one(t.sqrt) },
  rsqrt: { call: one((x) => t.divide(1, t.sqrt(x))) },
  reciprocal: { call: one((x) => t.divide(1, x)) },
  square: { call: one((x) => t.multiply(x, x)) },
  exp: { call: one(t.exp) },
  log: { call: one(t.log) },
  tanh: { call: one(t.tanh) },
  erf: { call: one(t.erf) },
  sigmoid: { call: one(t.sigmoid) },
  pow: { call: two(t.pow) },
  float_power: { call: two(t.pow) },
  "nn.functional.relu": { call: one(t.relu) },
  "nn.functional.relu6": { call: one((x) => t.clamp(x, 0, 6)) },
  "nn.functional.hardtanh": { call: one((x, _, { min_val, max_val }) => t.clamp(x, numberOf(min_val, -1), numberOf(max_val, 1))) },
  "nn.functional.leaky_relu": {
    call: one((x, args, options) => t.where(t.greater(x, 0), x, t.affine(x, numberOf(options["negative_slope"] ?? args[0], 0.01), 0))),
  },
  "nn.functional.gelu": { call: one((x, _, { approximate }) => t.gelu(x, { approximate: approximate === "tanh" ? "tanh" : "none" })) },
  "nn.functional.silu": { call: one(t.silu) },
  "nn.functional.softplus": {
    call: one((x, _, { beta, threshold }) => {
      const b = numberOf(beta, 1);
      return t.where(t.greater(t.affine(x, b, 0), numberOf(threshold, 20)), x, t.affine(t.softplus(t.affine(x, b, 0)), 1 / b, 0));
    }),
  },
  matmul: { call: product, isLinear: true },
  mm: { call: product, isLinear: true },
  bmm: { call: product, isLinear: true },
  mv: { call: product, isLinear: true },
  addmm: { call: addmm, isLinear: true },
  "nn.functional.linear": { call: linear, isLinear: true },
  "nn.functional.conv2d": { call: conv2d, isLinear: true },
  "nn.functional.conv_transpose2d": { call: convTranspose2d, isLinear: true, isForwardOnly: true },
  "nn.functional.batch_norm": { call: batchNorm, cancels: true },
  "nn.functional.group_norm": { call: groupNorm, cancels: true },
  "nn.functional.instance_norm": { call: instanceNorm, cancels: true },
  "nn.functional.layer_norm": { call: layerNorm, cancels: true },
  softmax: { call: one((x, [dim], o) => overAxis(x, numberOf(o["dim"] ?? dim, -1), t.softmax)), cancels: true },
  log_softmax: { call: one((x, [dim], o) => overAxis(x, numberOf(o["dim"] ?? dim, -1), t.logSoftmax)), cancels: true },
  "nn.functional.cross_entropy": { call: crossEntropy, gradients: 1 },
  "nn.functional.mse_loss": { call: meanSquaredError },
  "nn.functional.binary_cross_entropy_with_logits": { call: binaryCrossEntropy, gradients: 1 },
  sum: { call: sums(t.sum), isLinear: true },
  mean: { call: sums(t.mean), isLinear: true },
  transpose: {
    call: one((x, [a, b]) => {
      if (x.rank === 0) return same(x);
      const order = x.shape.map((_, i) => i);
      const [from, to] = [axisOf(x, numberOf(a, 0)), axisOf(x, numberOf(b, 1))];
      [order[from], order[to]] = [order[to], order[from]];
      return t.transpose(x, order);
    }),
  },
  t: { call: one((x) => (x.rank < 2 ? same(x) : t.transpose(x))) },
  permute: { call: one((x, [dims]) => (x.rank === 0 ? same(x) : t.transpose(x, list(dims) ?? []))) },
  reshape: { call: one((x, [shape]) => t.reshape(x, list(shape) ?? [])) },
  view: { call: one((x, [shape]) => t.reshape(x, list(shape) ?? [])) },
  flatten: { call: flatten },
  squeeze: {
    call: one((x, [dim]) =>
      t.reshape(
        x,
        x.shape.filter((length, i) => length !== 1 || (typeof dim === "number" && axisOf(x, dim) !== i)),
      ),
    ),
  },
  unsqueeze: {
    call: one((x, [dim]) => {
      const at = numberOf(dim, 0);
      const axis = at < 0 ? at + x.rank + 1 : at;
      return t.reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
    }),
  },
  expand: { call: expand },
  broadcast_to: { call: expand },
  cat: {
    call: ([parts, dim], options) => {
      const all = (parts as readonly Argument[]).map(tensorOf);
      const rank = Math.max(...all.map((part) => part.rank));
      return t.concat(
        all.filter((part) => part.rank === rank),
        { axis: axisOf(all[0], numberOf(options["dim"] ?? dim, 0)) },
      );
    },
  },
  narrow: { call: narrow },
  "nn.functional.pad:constant": { call: pad },
  "nn.functional.max_pool2d": { call: pool("max") },
  "nn.functional.avg_pool2d": { call: pool("average"), isLinear: true },
  "nn.functional.adaptive_avg_pool2d": { call: adaptive, isLinear: true },
};
