// Convolution and its gradients as matrix products whose A is gathered from the image (implicit GEMM), so that no patch is ever written.
// Filters in groups go one invocation an element.
import { convColumns, convRows, type ConvSizes } from "../../kernels/conv.ts";
import { each, groupsFor } from "./each.ts";
import { product } from "./product.ts";
import type { GpuKernel, GpuKernels, Source } from "./source.ts";

type Sizes = Readonly<Record<string, number>>;

const INTEGERS = [
  "images",
  "h",
  "w",
  "c",
  "filters",
  "r",
  "s",
  "strideH",
  "strideW",
  "padH",
  "padW",
  "dilationH",
  "dilationW",
  "groups",
  "p",
  "q",
];

/** Four channels lie together. */
const fours = ({ c, filters }: Sizes): boolean => c % 4 === 0 && filters % 4 === 0;

const sizesOf = (numbers: Sizes): ConvSizes => numbers as unknown as ConvSizes;

/** The sizes by names that a product leaves free. */
function derive(numbers: Sizes): Sizes {
  const sizes = sizesOf(numbers);
  return { ...numbers, images: sizes.n, filters: sizes.k, p: convRows(sizes), q: convColumns(sizes) };
}

/** Output pixel: first row of its image, where its window begins. */
const PIXEL = `
  let column = at % u.q;
  let line = (at / u.q) % u.p;
  return vec4<i32>(i32(at / (u.q * u.p) * u.h), i32(line * u.strideH) - i32(u.padH), i32(column * u.strideW) - i32(u.padW), 0);`;
/** Place of the filter: rows and columns begin the window's begin, channel. */
const TAP = `
  let tap = at / u.c;
  return vec4<i32>(i32(tap / u.s * u.dilationH), i32(tap % u.s * u.dilationW), i32(at % u.c), 0);`;
const GATHER = `
fn gather(pixel: vec4<i32>, tap: vec4<i32>) -> item {
  let line = pixel.y + tap.x;
  let column = pixel.z + tap.y;
  if (line < 0 || line >= i32(u.h) || column < 0 || column >= i32(u.w)) { return item(0.0); }
  return x_at((u32(pixel.x + line) * u.w + u32(column)) * u.c + u32(tap.z));
}`;

const whole: Readonly<Record<"forward" | "inputGradient" | "weightGradient", GpuKernel>> = {
  forward: product({
    name: "conv2d",
    buffers: { x: "in", filter: "in", bias: "in?", y: "out" },
    integers: INTEGERS,
    a: "k",
    b: "cols",
    declarations: `${GATHER}
fn row_of(at: u32) -> vec4<i32> {${PIXEL}\n}
fn step_of(at: u32) -> vec4<i32> {${TAP}\n}
fn a_value(row: vec4<i32>, step: vec4<i32>) -> item { return gather(row, step); }
fn b_value(k: u32, col: u32) -> item { return filter_at(k * u.filters + col); }
fn put(row: u32, col: u32, sum: item) { y_put(row * u.filters + col, sum + bias_at(col)); }`,
    derive,
    fours,
    size: (numbers) => {
      const { images, p, q, filters, r, s, c } = derive(numbers);
      return { m: images * p * q, n: filters, k: r * s * c };
    },
  }),
  inputGradient: product({
    name: "conv2d_input_gradient",
    buffers: { dy: "in", filter: "in", dx: "out" },
    integers: INTEGERS,
    a: "k",
    b: "k",
    declarations: `
fn row_of(at: u32) -> vec4<i32> {
  let column = at % u.w;
  let line = (at / u.w) % u.h;
  return vec4<i32>(i32(at / (u.w * u.h) * u.p), i32(line + u.padH), i32(column + u.padW), 0);
}
fn step_of(at: u32) -> vec4<i32> {
  let tap = at / u.filters;
  return vec4<i32>(i32(tap / u.s * u.dilationH), i32(tap % u.s * u.dilationW), i32(at % u.filters), 0);
}
fn a_value(row: vec4<i32>, step: vec4<i32>) -> item {
  let line = row.y - step.x;
  let column = row.z - step.y;
  if (line < 0 || column < 0) { return item(0.0); }
  if (u32(line) % u.strideH != 0u || u32(column) % u.strideW != 0u) { return item(0.0); }
  let begin = u32(line) / u.strideH;
  let at = u32(column) / u.strideW;
  if (begin >= u.p || at >= u.q) { return item(0.0); }
  return dy_at(((u32(row.x) + begin) * u.q + at) * u.filters + u32(step.z));
}
fn b_value(k: u32, col: u32) -> item { return filter_at((k / u.filters * u.c + col) * u.filters + k % u.filters); }
fn put(row: u32, col: u32, sum: item) { dx_put(row * u.c + col, sum); }`,
    derive,
    fours,
    size: (numbers) => {
      const { images, h, w, c, r, s, filters } = derive(numbers);
      return { m: images * h * w, n: c, k: r * s * filters };
    },
  }),
  weightGradient: product({
    name: "conv2d_weight_gradient",
    buffers: { x: "in", dy: "in", dfilter: "out" },
    integers: INTEGERS,
    a: "rows",
    b: "cols",
    declarations: `${GATHER}
fn row_of(at: u32) -> vec4<i32> {${TAP}\n}
fn step_of(at: u32) -> vec4<i32> {${PIXEL}\n}
fn a_value(row: vec4<i32>, step: vec4<i32>) -> item { return gather(step, row); }
fn b_value(k: u32, col: u32) -> item { return dy_at(k * u.filters + col); }
fn put(row: u32, col: u32, sum: item) { dfilter_put(row * u.filters + col, sum); }`,
    derive,
    fours,
    size: (numbers) => {
      const { images, p, q, filters, r, s, c } = derive(numbers);
      return { m: r * s * c, n: filters, k: images * p * q };
    },
  }),
};

/** Channels of a group, in and out. */
const GROUPS = "  let cg = u.c / u.groups;\n  let kg = u.filters / u.groups;\n";

const grouped: Readonly<Record<keyof typeof whole, Source>> = {
  forward: each({
    name: "conv2d_grouped",
    buffers: { x: "in", filter: "in", bias: "in?", y: "out" },
    integers: INTEGERS,
    declarations: `${GATHER}\nfn pixel_of(at: u32) -> vec4<i32> {${PIXEL}\n}`,
    body: `${GROUPS}
  let k = i % u.filters;
  let pixel = pixel_of(i / u.filters);
  var sum = bias_at(k);
  for (var tap = 0u; tap < u.r * u.s; tap++) {
    for (var ci = 0u; ci < cg; ci++) {
      let place = vec4<i32>(i32(tap / u.s * u.dilationH), i32(tap % u.s * u.dilationW), i32(k / kg * cg + ci), 0);
      sum += gather(pixel, place) * filter_at((tap * cg + ci) * u.filters + k);
    }
  }
  y_put(i, sum);`,
  }),
  inputGradient: each({
    name: "conv2d_input_gradient_grouped",
    buffers: { dy: "in", filter: "in", dx: "out" },
    integers: INTEGERS,
    body: `${GROUPS}
  let channel = i % u.c;
  let base = channel / cg * kg;
  let pixel = i / u.c;
  let image = pixel / (u.w * u.h);
  var sum = 0.0;
  for (var tap = 0u; tap < u.r * u.s; tap++) {
    let line = i32((pixel / u.w) % u.h + u.padH) - i32(tap / u.s * u.dilationH);
    let column = i32(pixel % u.w + u.padW) - i32(tap % u.s * u.dilationW);
    if (line < 0 || column < 0 || u32(line) % u.strideH != 0u || u32(column) % u.strideW != 0u) { continue; }
    let begin = u32(line) / u.strideH;
    let at = u32(column) / u.strideW;
    if (begin >= u.p || at >= u.q) { continue; }
    for (var ki = 0u; ki < kg; ki++) {
      sum += dy_at(((image * u.p + begin) * u.q + at) * u.filters + base + ki) * filter_at((tap * cg + channel % cg) * u.filters + base + ki);
    }
  }
  dx_put(i, sum);`,
  }),
  weightGradient: each({
    name: "conv2d_weight_gradient_grouped",
    buffers: { x: "in", dy: "in", dfilter: "out" },
    integers: INTEGERS,
    declarations: `${GATHER}\nfn pixel_of(at: u32) -> vec4<i32> {${PIXEL}\n}`,
    body: `${GROUPS}
  let k = i % u.filters;
  let ci = (i / u.filters) % cg;
  let tap = i / (u.filters * cg);
  let place = vec4<i32>(i32(tap / u.s * u.dilationH), i32(tap % u.s * u.dilationW), i32(k / kg * cg + ci), 0);
  var sum = 0.0;
  for (var pixel = 0u; pixel < u.images * u.p * u.q; pixel++) { sum += gather(pixel_of(pixel), place) * dy_at(pixel * u.filters + k); }
  dfilter_put(i, sum);`,
  }),
};

const lengths: Readonly<Record<keyof typeof whole, (sizes: Sizes) => number>> = {
  forward: ({ images, p, q, filters }) => images * p * q * filters,
  inputGradient: ({ images, h, w, c }) => images * h * w * c,
  weightGradient: ({ r, s, c, groups, filters }) => (r * s * c * filters) / groups,
};

function convolution(pass: keyof typeof whole, complete: (numbers: Sizes) => Sizes): GpuKernel {
  const { [pass]: source } = grouped;
  const { [pass]: kernel } = whole;
  return {
    scratch: (given, target) => {
      const numbers = complete(given);
      return numbers["groups"] === 1 ? kernel.scratch!(numbers, target) : 0;
    },
    passes: (given, target) => {
      const numbers = complete(given);
      if (numbers["groups"] === 1) return kernel.passes(numbers, target);
      const sizes = derive(numbers);
      const length = lengths[pass](sizes);
      return [{ source, numbers: { ...sizes, length }, groups: groupsFor(length) }];
    },
    ways: (given, target) => {
      const numbers = complete(given);
      return numbers["groups"] === 1 ? kernel.ways!(numbers, target) : [];
    },
  };
}

const asGiven = (numbers: Sizes): Sizes => numbers;
const square = (numbers: Sizes): Sizes => ({
  ...numbers,
  ...{ r: 3, s: 3, strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 },
});

/** A pass of a 3x3 convolution with stride 1 and a border of 1, as which Winograd's kernels are run where they are not transformed. */
export const plainConvolution = (pass: keyof typeof whole): GpuKernel => convolution(pass, square);

export const kernels: GpuKernels = {
  conv2d_f32: convolution("forward", asGiven),
  conv2d_input_gradient_f32: convolution("inputGradient", asGiven),
  conv2d_weight_gradient_f32: convolution("weightGradient", asGiven),
};
