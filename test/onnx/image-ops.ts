// ONNX's operators on images: [N,C,H,W] outside, [N,H,W,C] inside. Uneven borders become a pad before.
import * as t from "../../ts/autograd/index.ts";
import type { Tensor } from "../../ts/autograd/index.ts";
import { Absent, floats, whole, wholes, type NodeContext, type Operator } from "./operator.ts";
import type { Attribute } from "./protobuf.ts";

const inside = (x: Tensor): Tensor => t.transpose(x, [0, ...x.shape.slice(2).map((_, i) => i + 2), 1]);
const outside = (x: Tensor): Tensor => t.transpose(x, [0, x.rank - 1, ...x.shape.slice(2).map((_, i) => i + 1)]);

function image(x: Tensor): Tensor {
  if (x.rank !== 4) throw new Absent(`an image of ${x.rank - 2} axes`);
  return inside(x);
}

interface Frame {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Before and after, by axis. */
  readonly border: readonly (readonly [number, number])[];
}

/** Windows on an image of h x w. With `auto_pad` or `ceil_mode` the border follows from the size. */
function frameOf(node: NodeContext, [h, w]: readonly [number, number], kernel: readonly number[]): Frame {
  const pair = (name: string, otherwise: number): [number, number] => {
    const [a, b] = wholes(node, name) ?? [otherwise, otherwise];
    return [a, b];
  };
  const stride = pair("strides", 1);
  const dilation = pair("dilations", 1);
  const pads = wholes(node, "pads") ?? [0, 0, 0, 0];
  const auto = node.text("auto_pad", "NOTSET");
  const border = [h, w].map((length, axis): [number, number] => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
      const all = Math.max(0, (Math.ceil(length / stride[axis]) - 1) * stride[axis] + reach - length);
      const less = Math.floor(all / 2);
      return auto === "SAME_UPPER" ? [less, all - less] : [all - less, less];
    }
    const [before, after] = [pads[axis], pads[axis + 2]];
    const over = (length + before + after - reach) % stride[axis];
    return [before, whole(node, "ceil_mode", 0) !== 0 && over > 0 ? after + stride[axis] - over : after];
  });
  return { size: [kernel[0], kernel[1]], stride, dilation, border };
}

/** The border as our own padding where it is even (that of pools the same on all sides and at most half a window), else as a pad before. */
function bordered(x: Tensor, { size, border: [h, w] }: Frame, value: number, isPool: boolean): { x: Tensor; padding: [number, number] } {
  const isEven = h[0] === h[1] && w[0] === w[1] && (!isPool || (h[0] === w[0] && 2 * h[0] <= size[0]));
  if (isEven) return { x, padding: [h[0], w[0]] };
  return { x: t.pad(x, [0, h[0], w[0], 0], [0, h[1], w[1], 0], value), padding: [0, 0] };
}

/** A line as an image of one row. */
const raised = (x: Tensor): Tensor => t.reshape(x, [x.shape[0], x.shape[1], 1, x.shape[2]]);

const line: Operator = ([x, filter, bias], node) => {
  const attributes: Record<string, Attribute> = { ...node.attributes };
  const before = { kernel_shape: 1, strides: 1, dilations: 1, pads: 0 };
  for (const [name, value] of Object.entries(before)) {
    const own = wholes(node, name);
    if (own !== null) attributes[name] = name === "pads" ? [0, own[0], 0, own[1]] : [value, ...own];
  }
  const [y] = convolution([raised(x!), raised(filter!), bias], { ...node, attributes });
  return [t.reshape(y, [y.shape[0], y.shape[1], y.shape[3]])];
};

const convolution: Operator = ([x, filter, bias], node) => {
  if (x!.rank === 3) return line([x, filter, bias], node);
  const pixels = image(x!);
  const frame = frameOf(node, [x!.shape[2], x!.shape[3]], filter!.shape.slice(2));
  const { x: from, padding } = bordered(pixels, frame, 0, false);
  const options = { stride: frame.stride, dilation: frame.dilation, padding, groups: whole(node, "group", 1) };
  return [outside(t.conv2d(from, t.transpose(filter!, [2, 3, 1, 0]), bias ?? null, options))];
};

/** The input gradient of the convolution whose output x would be. */
const transposed: Operator = ([x, filter, bias], node) => {
  const pixels = image(x!);
  const kernel = filter!.shape.slice(2);
  const [sh, sw] = wholes(node, "strides") ?? [1, 1];
  const [dh, dw] = wholes(node, "dilations") ?? [1, 1];
  const more = wholes(node, "output_padding") ?? [0, 0];
  const reach = [dh * (kernel[0] - 1) + 1, dw * (kernel[1] - 1) + 1];
  const whole2 = [(x!.shape[2] - 1) * sh + reach[0] + more[0], (x!.shape[3] - 1) * sw + reach[1] + more[1]];
  const shape = wholes(node, "output_shape");
  const auto = node.text("auto_pad", "NOTSET");
  let pads = wholes(node, "pads") ?? [0, 0, 0, 0];
  if (shape !== null || auto.startsWith("SAME")) {
    const sizes = shape ?? [x!.shape[2] * sh, x!.shape[3] * sw];
    sizes.forEach((length, axis) => (whole2[axis] = Math.max(whole2[axis], length)));
    const all = whole2.map((length, axis) => length - sizes[axis]);
    // onnx's own: the larger half first, unless SAME_UPPER.
    const first = all.map((count) => (auto === "SAME_UPPER" ? Math.floor(count / 2) : count - Math.floor(count / 2)));
    pads = [...first, ...all.map((count, axis) => count - first[axis])];
  }
  const groups = whole(node, "group", 1);
  const wide = t.tensor(new Float64Array(x!.shape[0] * whole2[0] * whole2[1] * filter!.shape[1] * groups), [
    x!.shape[0],
    ...whole2,
    filter!.shape[1] * groups,
  ]);
  wide.requiresGrad = true;
  const seen = t.withGrad(() => t.conv2d(wide, t.transpose(filter!, [2, 3, 1, 0]), null, { stride: [sh, sw], dilation: [dh, dw], groups }));
  t.backward(seen, { gradient: pixels });
  const [n, h, w, c] = wide.shape;
  const cut = t.slice(wide.grad!, [0, pads[0], pads[1], 0], [n, h - pads[2], w - pads[3], c]);
  return [outside(bias ? t.add(cut, bias) : cut)];
};

function poolOf(node: NodeContext, x: Tensor): Frame {
  if (x.rank !== 4) throw new Absent(`an image of ${x.rank - 2} axes`);
  const frame = frameOf(node, [x.shape[2], x.shape[3]], wholes(node, "kernel_shape") ?? []);
  if (frame.size[0] !== frame.size[1]) throw new Absent("windows that are not square");
  if (frame.stride[0] !== frame.stride[1]) throw new Absent("steps of two lengths");
  if (frame.dilation.some((step) => step !== 1)) throw new Absent("windows with holes");
  return frame;
}

const averages: Operator = ([x], node) => {
  const pixels = image(x!);
  const frame = poolOf(node, x!);
  const counted = whole(node, "count_include_pad", 0) !== 0;
  const mean = (values: Tensor): Tensor => {
    const { x: from, padding } = bordered(values, frame, 0, true);
    return t.averagePool2d(from, frame.size[0], { stride: frame.stride[0], padding: padding[0] });
  };
  if (counted || frame.border.flat().every((count) => count === 0)) return [outside(mean(pixels))];
  const ones = t.affine(pixels, 0, 1);
  return [outside(t.divide(mean(pixels), mean(ones)))];
};

const maxima: Operator = ([x], node) => {
  if (node.outputs.length > 1) throw new Absent("indices into the whole tensor");
  const frame = poolOf(node, x!);
  const { x: from, padding } = bordered(image(x!), frame, -Infinity, true);
  return [outside(t.maxPool2d(from, frame.size[0], { stride: frame.stride[0], padding: padding[0] }))];
};

const batchNorm: Operator = ([x, gamma, beta, mean, variance], node) => {
  const eps = floats(node, "epsilon", 1e-5);
  const fixed = (m: Tensor, v: Tensor): Tensor => t.concat([t.reshape(m, [1, m.size]), t.reshape(v, [1, v.size])]);
  if (whole(node, "training_mode", 0) === 0)
    return [outside(t.batchNorm(inside(x!), gamma!, beta!, { eps, relu: false, fixed: fixed(mean!, variance!) }))];
  const running: Tensor[] = [];
  const momentum = floats(node, "momentum", 0.9);
  const observe = (statistics: Tensor): void => {
    const c = mean!.size;
    [mean!, variance!].forEach((before, row) => {
      const now = t.reshape(t.slice(statistics, [row, 0], [row + 1, c]), [c]);
      running.push(t.keep(t.add(t.affine(before, momentum, 0), t.affine(now, 1 - momentum, 0))));
    });
  };
  return [outside(t.batchNorm(inside(x!), gamma!, beta!, { eps, relu: false, observe })), ...running];
};

export const images: Readonly<Record<string, Operator>> = {
  AveragePool: averages,
  BatchNormalization: batchNorm,
  Conv: convolution,
  ConvTranspose: transposed,
  GlobalAveragePool: ([x]) => [t.reshape(t.globalAveragePool(image(x!)), [x!.shape[0], x!.shape[1], 1, 1])],
  GlobalMaxPool: ([x]) => [t.max(t.max(x!, { axis: 3, keepDims: true }), { axis: 2, keepDims: true })],
  InstanceNormalization: ([x, gamma, beta], node) => {
    const eps = floats(node, "epsilon", 1e-5);
    return [outside(t.groupNorm(inside(x!), x!.shape[1], gamma!, beta!, { eps }))];
  },
  MaxPool: maxima,
};
