// PyTorch's operators on images by perpend's: [N,C,H,W] outside, [N,H,W,C] inside.
import * as t from "../../ts/autograd/index.ts";
import type { Tensor } from "../../ts/autograd/index.ts";
import { Absent, isTrue, maybe, numberOf, pairOf, square, tensorOf, type Argument, type Call } from "./opinfo-arguments.ts";

export const inside = (x: Tensor): Tensor => (x.rank < 3 ? x : t.transpose(x, [0, ...x.shape.slice(2).map((_, i) => i + 2), 1]));
export const outside = (x: Tensor): Tensor =>
  x.rank < 3 ? x : t.transpose(x, [0, x.rank - 1, ...x.shape.slice(1, -1).map((_, i) => i + 1)]);

/** Images with a batch, and without one again. */
function onImages(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  if (x.rank === 4) return outside(f(inside(x)));
  if (x.rank !== 3) throw new Absent(`images of ${x.rank} axes`);
  const y = outside(f(inside(t.reshape(x, [1, ...x.shape]))));
  return t.reshape(y, y.shape.slice(1));
}

export const conv2d: Call = ([x, filter, bias, ...rest], options) => {
  const kernel = tensorOf(filter);
  const dilation = pairOf(options["dilation"] ?? rest[2], 1);
  const given = options["padding"] ?? rest[1];
  const all = kernel.shape.slice(2).map((length, i) => (given === "same" ? dilation[i] * (length - 1) : 0));
  const padding = typeof given === "string" ? ([0, 0] as const) : pairOf(given, 0);
  const settings = {
    stride: pairOf(options["stride"] ?? rest[0], 1),
    padding,
    dilation,
    groups: numberOf(options["groups"] ?? rest[3], 1),
  };
  return onImages(tensorOf(x), (pixels) => {
    const before = all.map((count) => Math.floor(count / 2));
    const bordered =
      given === "same" ? t.pad(pixels, [0, before[0], before[1], 0], [0, all[0] - before[0], all[1] - before[1], 0]) : pixels;
    return t.conv2d(bordered, t.transpose(kernel, [2, 3, 1, 0]), maybe(bias), settings);
  });
};

/** The input gradient of the convolution whose output x would be. */
export const convTranspose2d: Call = ([x, filter, bias, ...rest], options) => {
  const kernel = tensorOf(filter);
  const stride = pairOf(options["stride"] ?? rest[0], 1);
  const padding = pairOf(options["padding"] ?? rest[1], 0);
  const more = pairOf(options["output_padding"] ?? rest[2], 0);
  const groups = numberOf(options["groups"] ?? rest[3], 1);
  const dilation = pairOf(options["dilation"] ?? rest[4], 1);
  if (more.some((count, i) => count >= stride[i])) throw new Absent("an output padding of a whole step");
  return onImages(tensorOf(x), (pixels) => {
    const [n, h, w] = pixels.shape;
    const length = (size: number, i: number): number =>
      (size - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel.shape[2 + i] - 1) + more[i] + 1;
    const shape = [n, length(h, 0), length(w, 1), kernel.shape[1] * groups];
    const wide = t.tensor(new Float64Array(t.sizeOf(shape)), shape, { requiresGrad: true });
    t.backward(t.conv2d(wide, t.transpose(kernel, [2, 3, 1, 0]), null, { stride, padding, dilation, groups }), { gradient: pixels });
    return maybe(bias) ? t.add(wide.grad!, tensorOf(bias)) : wide.grad!;
  });
};

export const batchNorm: Call = ([x, mean, variance, weight, bias, training], options) => {
  const own = tensorOf(x);
  if (own.rank < 2) throw new Absent("a batch without channels");
  const settings = { eps: numberOf(options["eps"], 1e-5), relu: false };
  const gamma = maybe(options["weight"] ?? weight);
  const beta = maybe(options["bias"] ?? bias);
  if (isTrue(options["training"] ?? training)) return outside(t.batchNorm(inside(own), gamma, beta, settings));
  const fixed = t.concat([tensorOf(mean), tensorOf(variance)].map((row) => t.reshape(row, [1, row.size])));
  return outside(t.batchNorm(inside(own), gamma, beta, { ...settings, fixed }));
};

export const groupNorm: Call = ([x, groups, weight, bias], options) => {
  const [gamma, beta] = [maybe(options["weight"] ?? weight), maybe(options["bias"] ?? bias)];
  return outside(t.groupNorm(inside(tensorOf(x)), numberOf(groups, 1), gamma, beta, { eps: numberOf(options["eps"], 1e-5) }));
};

export const instanceNorm: Call = ([x], options) => {
  const own = tensorOf(x);
  if (!isTrue(options["use_input_stats"], true)) throw new Absent("running statistics of instances");
  const [gamma, beta] = [maybe(options["weight"]), maybe(options["bias"])];
  return outside(t.groupNorm(inside(own), own.shape[1], gamma, beta, { eps: numberOf(options["eps"], 1e-5) }));
};

export function pool(kind: "max" | "average"): Call {
  return ([x, size, ...rest], options) => {
    const kernel = square(options["kernel_size"] ?? size, 1, "windows");
    const stride = square(options["stride"] ?? rest[0] ?? null, kernel, "steps");
    const padding = square(options["padding"] ?? rest[1], 0, "borders");
    if (isTrue(options["ceil_mode"] ?? rest[kind === "max" ? 3 : 2])) throw new Absent("ceil_mode");
    if (kind === "max" && square(options["dilation"] ?? rest[2], 1, "holes") !== 1) throw new Absent("windows with holes");
    if (kind === "average" && padding > 0 && !isTrue(options["count_include_pad"] ?? rest[3], true))
      throw new Absent("a border that does not count");
    if (kind === "average" && typeof (options["divisor_override"] ?? rest[4]) === "number") throw new Absent("another divisor");
    const f = kind === "max" ? t.maxPool2d : t.averagePool2d;
    return onImages(tensorOf(x), (pixels) => f(pixels, kernel, { stride, padding }));
  };
}

export const adaptive: Call = ([x, size]) => {
  const own = tensorOf(x);
  const [h, w] = own.shape.slice(-2);
  const wanted = Array.isArray(size) ? (size as Argument[]) : [size, size];
  const [p, q] = [numberOf(wanted[0], h), numberOf(wanted[1], w)];
  if (p === 1 && q === 1)
    return onImages(own, (pixels) => t.reshape(t.globalAveragePool(pixels), [pixels.shape[0], 1, 1, pixels.shape[3]]));
  if (h % p !== 0 || h / p !== w / q) throw new Absent("windows that are not square");
  return onImages(own, (pixels) => t.averagePool2d(pixels, h / p));
};
