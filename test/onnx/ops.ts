// ONNX's operators by perpend's: those that perpend has, and those that are two or three of them. Images come as [N,C,H,W] and go through
// transposes. An operator that is there but not with these attributes throws `Absent`.
import * as t from "../../ts/autograd/index.ts";
import type { Tensor } from "../../ts/autograd/index.ts";
import { sign } from "../../ts/kernels/elementwise.ts";
import { images } from "./image-ops.ts";
import { Absent, floats, whole, wholes, type Operator } from "./operator.ts";
import { training } from "./training-ops.ts";

const unary =
  (f: (x: Tensor) => Tensor): Operator =>
  ([x]) => [f(x!)];

const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): Operator =>
  ([a, b]) => [f(a!, b!)];

/** Any number of inputs, from the left. */
const folded =
  (f: (a: Tensor, b: Tensor) => Tensor): Operator =>
  (inputs) => [inputs.map((input) => input!).reduce(f)];

const negative = (x: Tensor): Tensor => t.affine(x, -1, 0);
const zeroLike = (x: Tensor): Tensor => t.affine(x, 0, 0);

/** a where x is above 0, else b. */
const positiveOr = (x: Tensor, a: Tensor, b: Tensor): Tensor => t.where(t.greater(x, 0), a, b);

/** The function over an axis, given one over the last. */
function overAxis(x: Tensor, axis: number, f: (x: Tensor) => Tensor): Tensor {
  const from = axis < 0 ? axis + x.rank : axis;
  const order = x.shape.map((_, i) => i);
  [order[from], order[x.rank - 1]] = [order[x.rank - 1], order[from]];
  return t.transpose(f(t.transpose(x, order)), order);
}

/** Axes of a reduction: an attribute, or since opset 13 or 18 an input. */
function axesOf(node: Parameters<Operator>[1], x: Tensor): number[] | null {
  const given = wholes(node, "axes") ?? node.host(1);
  const all = x.shape.map((_, i) => i);
  if (given === null || given.length === 0) return whole(node, "noop_with_empty_axes", 0) !== 0 ? null : all;
  return given.map((axis) => (axis < 0 ? axis + x.rank : axis));
}

const reduction =
  (f: (x: Tensor, axes: number[], keepDims: boolean) => Tensor): Operator =>
  ([x], node) => {
    const axes = axesOf(node, x!);
    return [axes === null ? x! : f(x!, axes, whole(node, "keepdims", 1) !== 0)];
  };

/** One axis after the other, the last first. */
function largest(x: Tensor, axes: number[], keepDims: boolean): Tensor {
  return [...axes].sort((a, b) => b - a).reduce((y, axis) => t.max(y, { axis, keepDims }), x);
}

const total = (x: Tensor, axes: number[], keepDims: boolean): Tensor => t.sum(x, { axes, keepDims });

function chosen(sign: 1 | -1): Operator {
  return ([x], node) => {
    if (whole(node, "select_last_index", 0) !== 0) throw new Absent("the last of equals");
    return [t.argmax(sign === 1 ? x! : negative(x!), { axis: whole(node, "axis", 0), keepDims: whole(node, "keepdims", 1) !== 0 })];
  };
}

/** Lengths of n nearly equal parts, the last the shortest. */
function evenParts(length: number, n: number): number[] {
  const each = Math.ceil(length / n);
  return Array.from({ length: n }, (_, i) => Math.min(each, length - i * each));
}

const split: Operator = ([x], node) => {
  const at = whole(node, "axis", 0);
  const axis = at < 0 ? at + x!.rank : at;
  const parts = wholes(node, "split") ?? node.host(1) ?? evenParts(x!.shape[axis], node.outputs.length);
  const place = (value: number): number[] => x!.shape.map((_, i) => (i === axis ? value : 0));
  let from = 0;
  return parts.map((length) => {
    const ends = x!.shape.map((whole, i) => (i === axis ? from + length : whole));
    const part = t.slice(x!, place(from), ends);
    from += length;
    return part;
  });
};

const window: Operator = ([x], node) => {
  const starts = wholes(node, "starts") ?? node.host(1) ?? [];
  const ends = wholes(node, "ends") ?? node.host(2) ?? [];
  const axes = wholes(node, "axes") ?? node.host(3) ?? starts.map((_, i) => i);
  if ((node.host(4) ?? []).some((step) => step !== 1)) throw new Absent("steps other than 1");
  const from = x!.shape.map(() => 0);
  const to = [...x!.shape];
  axes.forEach((given, i) => {
    const axis = given < 0 ? given + x!.rank : given;
    const length = x!.shape[axis];
    const clip = (at: number): number => Math.min(length, Math.max(0, at < 0 ? at + length : at));
    from[axis] = clip(starts[i]);
    to[axis] = Math.max(from[axis], clip(ends[i]));
  });
  return [t.slice(x!, from, to)];
};

const pad: Operator = ([x], node) => {
  if (node.text("mode", "constant") !== "constant") throw new Absent(`mode ${node.text("mode", "")}`);
  if (node.host(3) !== null) throw new Absent("chosen axes");
  const counts = wholes(node, "pads") ?? node.host(1) ?? [];
  return [t.pad(x!, counts.slice(0, x!.rank), counts.slice(x!.rank), node.host(2)?.[0] ?? floats(node, "value", 0))];
};

const reshape: Operator = ([x], node) => {
  const wanted = node.host(1) ?? wholes(node, "shape") ?? [];
  const keeps = whole(node, "allowzero", 0) === 0;
  return [
    t.reshape(
      x!,
      wanted.map((length, i) => (length === 0 && keeps ? x!.shape[i] : length)),
    ),
  ];
};

const flatten: Operator = ([x], node) => {
  const axis = whole(node, "axis", 1);
  const at = axis < 0 ? axis + x!.rank : axis;
  return [t.reshape(x!, [t.sizeOf(x!.shape.slice(0, at)), t.sizeOf(x!.shape.slice(at))])];
};

const squeeze: Operator = ([x], node) => {
  const axes = (wholes(node, "axes") ?? node.host(1))?.map((axis) => (axis < 0 ? axis + x!.rank : axis));
  return [
    t.reshape(
      x!,
      x!.shape.filter((length, i) => (axes ? !axes.includes(i) : length !== 1)),
    ),
  ];
};

const unsqueeze: Operator = ([x], node) => {
  const axes = wholes(node, "axes") ?? node.host(1) ?? [];
  const rank = x!.rank + axes.length;
  const at = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  let next = 0;
  return [
    t.reshape(
      x!,
      Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : x!.shape[next++])),
    ),
  ];
};

const gemm: Operator = ([a, b, c], node) => {
  const left = whole(node, "transA", 0) !== 0 ? t.transpose(a!) : a!;
  const right = whole(node, "transB", 0) !== 0 ? t.transpose(b!) : b!;
  const product = t.affine(t.matmul(left, right), floats(node, "alpha", 1), 0);
  return [c ? t.add(product, t.affine(c, floats(node, "beta", 1), 0)) : product];
};

const layerNorm: Operator = ([x, gamma, beta], node) => {
  const axis = whole(node, "axis", -1);
  const inner = t.sizeOf(x!.shape.slice(axis < 0 ? axis + x!.rank : axis));
  const flat = (p: Tensor | null | undefined): Tensor | null => (p ? t.reshape(p, [inner]) : null);
  const eps = floats(node, "epsilon", 1e-5);
  return [t.reshape(t.layerNorm(t.reshape(x!, [x!.size / inner, inner]), flat(gamma), flat(beta), { eps }), x!.shape)];
};

const crossEntropy: Operator = ([x, labels, weights], node) => {
  if (weights) throw new Absent("weights of classes");
  if ("ignore_index" in node.attributes) throw new Absent("an ignored class");
  const [n, c, ...rest] = x!.shape;
  const last = t.transpose(x!, [0, ...rest.map((_, i) => i + 2), 1]);
  const logits = t.reshape(last, [x!.size / c, c]);
  const how = node.text("reduction", "mean");
  const rows = t.crossEntropyRows(logits, t.reshape(labels!, [x!.size / c]));
  const loss =
    how === "none"
      ? t.reshape(rows, [n, ...rest])
      : how === "sum"
        ? t.sum(rows)
        : t.crossEntropy(logits, t.reshape(labels!, [x!.size / c]));
  const back = [0, x!.rank - 1, ...rest.map((_, i) => i + 1)];
  return [loss, t.transpose(t.reshape(t.logSoftmax(logits), last.shape), back)];
};

/** Operators by name. */
export const operators: Readonly<Record<string, Operator>> = {
  ...images,
  ...training,
  Abs: unary(t.absolute),
  Add: binary(t.add),
  ArgMax: chosen(1),
  ArgMin: chosen(-1),
  Celu: ([x], node) => {
    const alpha = floats(node, "alpha", 1);
    const low = t.minimum(t.affine(t.exp(t.affine(x!, 1 / alpha, 0)), alpha, -alpha), 0);
    return [t.add(t.relu(x!), low)];
  },
  Clip: ([x], node) => {
    const low = node.host(1)?.[0] ?? floats(node, "min", -Infinity);
    return [t.clamp(x!, low, node.host(2)?.[0] ?? floats(node, "max", Infinity))];
  },
  Concat: (inputs, node) => [
    t.concat(
      inputs.map((input) => input!),
      { axis: whole(node, "axis", 0) },
    ),
  ],
  Div: binary(t.divide),
  Dropout: ([x], node) => {
    if (node.host(2)?.[0] && (node.host(1)?.[0] ?? 0.5) > 0) throw new Absent("another generator of random numbers");
    return [t.alias(x!), t.affine(x!, 0, 1)];
  },
  Elu: ([x], node) => {
    const alpha = floats(node, "alpha", 1);
    return [positiveOr(x!, x!, t.affine(t.exp(x!), alpha, -alpha))];
  },
  Equal: binary(t.equal),
  Erf: unary(t.erf),
  Exp: unary(t.exp),
  Expand: ([x], node) => {
    const wanted = node.host(1) ?? [];
    const rank = Math.max(wanted.length, x!.rank);
    const at = (shape: readonly number[], i: number): number => shape[i - rank + shape.length] ?? 1;
    return [
      t.broadcastTo(
        x!,
        Array.from({ length: rank }, (_, i) => Math.max(at(wanted, i), at(x!.shape, i))),
      ),
    ];
  },
  Flatten: flatten,
  Gelu: ([x], node) => [t.gelu(x!, { approximate: node.text("approximate", "none") === "tanh" ? "tanh" : "none" })],
  Gemm: gemm,
  Greater: binary(t.greater),
  GreaterOrEqual: binary(t.greaterEqual),
  HardSigmoid: ([x], node) => [t.clamp(t.affine(x!, floats(node, "alpha", 0.2), floats(node, "beta", 0.5)), 0, 1)],
  HardSwish: ([x]) => [t.multiply(x!, t.clamp(t.affine(x!, 1 / 6, 0.5), 0, 1))],
  Identity: ([x]) => [t.alias(x!)],
  LayerNormalization: layerNorm,
  LeakyRelu: ([x], node) => [positiveOr(x!, x!, t.affine(x!, floats(node, "alpha", 0.01), 0))],
  Less: binary(t.less),
  LessOrEqual: binary(t.lessEqual),
  Log: unary(t.log),
  LogSoftmax: ([x], node) => [overAxis(x!, whole(node, "axis", -1), t.logSoftmax)],
  MatMul: binary(t.matmul),
  Max: folded(t.maximum),
  Mean: (inputs) => [t.affine(inputs.map((input) => input!).reduce(t.add), 1 / inputs.length, 0)],
  Min: folded(t.minimum),
  Mul: binary(t.multiply),
  Neg: unary(negative),
  Not: unary((x) => t.affine(x, -1, 1)),
  And: binary(t.multiply),
  Or: binary(t.maximum),
  Pad: pad,
  Pow: ([a, b], node) => {
    const exponent = node.host(1);
    return [b!.size === 1 && exponent && a!.rank >= b!.rank ? t.pow(a!, exponent[0]) : t.pow(a!, b!)];
  },
  PRelu: ([x, slope], node) => {
    const perChannel = node.opset < 7 && slope!.rank === 1 && slope!.size > 1;
    const wide = perChannel ? t.reshape(slope!, [slope!.size, ...x!.shape.slice(2).map(() => 1)]) : slope!;
    return [positiveOr(x!, x!, t.multiply(x!, wide))];
  },
  Reciprocal: ([x]) => [t.divide(1, x!)],
  ReduceL1: reduction((x, axes, keepDims) => total(t.absolute(x), axes, keepDims)),
  ReduceL2: reduction((x, axes, keepDims) => t.sqrt(total(t.multiply(x, x), axes, keepDims))),
  ReduceLogSum: reduction((x, axes, keepDims) => t.log(total(x, axes, keepDims))),
  ReduceLogSumExp: reduction((x, axes, keepDims) => t.log(total(t.exp(x), axes, keepDims))),
  ReduceMax: reduction(largest),
  ReduceMean: reduction((x, axes, keepDims) => t.mean(x, { axes, keepDims })),
  ReduceMin: reduction((x, axes, keepDims) => negative(largest(negative(x), axes, keepDims))),
  ReduceSum: reduction(total),
  ReduceSumSquare: reduction((x, axes, keepDims) => total(t.multiply(x, x), axes, keepDims)),
  Relu: unary(t.relu),
  Reshape: reshape,
  Selu: ([x], node) => {
    const alpha = floats(node, "alpha", 1.67326319217681884765625);
    return [t.affine(positiveOr(x!, x!, t.affine(t.exp(x!), alpha, -alpha)), floats(node, "gamma", 1.05070102214813232421875), 0)];
  },
  Sigmoid: unary(t.sigmoid),
  Sign: unary((x) => {
    const y = t.emptyLike(x);
    t.launch(sign, { x, y }, { length: x.size });
    return y;
  }),
  Slice: window,
  Softmax: ([x], node) => [overAxis(x!, whole(node, "axis", -1), t.softmax)],
  SoftmaxCrossEntropyLoss: crossEntropy,
  Softplus: unary(t.softplus),
  Softsign: ([x]) => [t.divide(x!, t.affine(t.absolute(x!), 1, 1))],
  Split: split,
  Sqrt: unary(t.sqrt),
  Squeeze: squeeze,
  Sub: binary(t.subtract),
  Sum: folded(t.add),
  Tanh: unary(t.tanh),
  ThresholdedRelu: ([x], node) => [t.where(t.greater(x!, floats(node, "alpha", 1)), x!, zeroLike(x!))],
  Transpose: ([x], node) => [t.transpose(x!, wholes(node, "perm") ?? x!.shape.map((_, i) => x!.rank - 1 - i))],
  Unsqueeze: unsqueeze,
  Where: ([condition, a, b]) => [t.where(condition!, a!, b!)],
};
