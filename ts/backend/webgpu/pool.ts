// Pooling on channels-last images: one invocation an element of what is written, which gathers what it needs.
import { columns } from "./columns.ts";
import { each, groupsFor, NOT_NUMBERS } from "./each.ts";
import type { GpuKernel, GpuKernels, Source } from "./source.ts";

type Sizes = Readonly<Record<string, number>>;

const WINDOW = ["h", "w", "c", "size", "stride", "padding", "p", "q"];

const over = (source: Source, derive: (numbers: Sizes) => Sizes): GpuKernel => ({
  passes: (numbers) => {
    const own = { ...numbers, ...derive(numbers) };
    return [{ source, numbers: own, groups: groupsFor(own["length"]) }];
  },
});

const output = (length: number, { size, stride, padding }: Sizes): number =>
  Math.max(0, Math.floor((length + 2 * padding - size) / stride) + 1);

/** Sizes of the output, and one element of it (forward) or of the input (backward) an invocation. */
const window =
  (backward: boolean) =>
  (numbers: Sizes): Sizes => {
    const { n, h, w, c } = numbers;
    const [p, q] = [output(h, numbers), output(w, numbers)];
    return { p, q, length: n * (backward ? h * w : p * q) * c };
  };

const OUT = `
  let channel = i % u.c;
  let top = i32(i / u.c / u.q % u.p * u.stride) - i32(u.padding);
  let left = i32(i / u.c % u.q * u.stride) - i32(u.padding);
  let image = i / (u.c * u.q * u.p);`;

/** Runs `body` for each place (r, s) of the window that is inside the image, `at` being its element. */
const taps = (body: string): string => `
  for (var r = 0u; r < u.size; r++) {
    for (var s = 0u; s < u.size; s++) {
      let line = top + i32(r);
      let column = left + i32(s);
      if (line < 0 || line >= i32(u.h) || column < 0 || column >= i32(u.w)) { continue; }
      let at = ((image * u.h + u32(line)) * u.w + u32(column)) * u.c + channel;
      ${body}
    }
  }`;

/** Runs `body` for each output element `at` whose window holds the input element i at place (r, s). */
const windows = (body: string): string => `
  let channel = i % u.c;
  let line = i / u.c / u.w % u.h + u.padding;
  let column = i / u.c % u.w + u.padding;
  let image = i / (u.c * u.w * u.h);
  for (var r = 0u; r < min(u.size, line + 1u); r++) {
    for (var s = 0u; s < min(u.size, column + 1u); s++) {
      if ((line - r) % u.stride != 0u || (column - s) % u.stride != 0u) { continue; }
      let row = (line - r) / u.stride;
      let place = (column - s) / u.stride;
      if (row >= u.p || place >= u.q) { continue; }
      let at = ((image * u.p + row) * u.q + place) * u.c + channel;
      ${body}
    }
  }`;

const SAMPLING = ["h", "w", "c", "stride", "filters", "p", "q"];

const sampling =
  (backward: boolean) =>
  ({ n, h, w, c, stride, k }: Sizes): Sizes => {
    const [p, q] = [Math.ceil(h / stride), Math.ceil(w / stride)];
    return { p, q, filters: k, length: backward ? n * h * w * c : n * p * q * k };
  };

const sampleBackward = (name: string, use: "out" | "inout", rest: string): GpuKernel =>
  over(
    each({
      name,
      buffers: { dy: "in", dx: use },
      integers: SAMPLING,
      body: `
  let channel = i % u.c;
  let column = i / u.c % u.w;
  let line = i / u.c / u.w % u.h;
  let image = i / (u.c * u.w * u.h);
  if (line % u.stride == 0u && column % u.stride == 0u) {
    dx_put(i, ${use === "inout" ? "dx_at(i) + " : ""}dy_at(((image * u.p + line / u.stride) * u.q + column / u.stride) * u.filters + channel));
  }${rest}`,
    }),
    sampling(true),
  );

export const kernels: GpuKernels = {
  global_average_pool_f32: columns({
    name: "global_average_pool",
    buffers: { x: "in", y: "out" },
    integers: ["pixels"],
    floats: ["share"],
    value: "  return vec2<f32>(x_at((o * u.pixels + l) * u.inner + i), 0.0);",
    finish: "  y_put(column, total.x * u.share);",
    extent: ({ n, pixels, c }) => ({ outer: n, length: pixels, inner: c }),
    derive: ({ pixels }) => ({ share: pixels > 0 ? 1 / pixels : 0 }),
  }),
  global_average_pool_backward_f32: over(
    each({
      name: "global_average_pool_backward",
      buffers: { dy: "in", dx: "out" },
      integers: ["pixels", "c"],
      floats: ["share"],
      body: "  dx_put(i, dy_at(i / (u.pixels * u.c) * u.c + i % u.c) * u.share);",
    }),
    ({ n, pixels, c }) => ({ length: n * pixels * c, share: pixels > 0 ? 1 / pixels : 0 }),
  ),
  max_pool2d_f32: over(
    each({
      name: "max_pool2d",
      buffers: { x: "in", y: "out", index: "out" },
      integers: WINDOW,
      declarations: NOT_NUMBERS,
      body: `${OUT}
  var best = -infinity();
  var index = -1.0;
  ${taps("let x = x_at(at);\n      if (index < 0.0 || x > best || (is_nan(x) && !is_nan(best))) { best = x; index = f32(r * u.size + s); }")}
  y_put(i, best);
  index_put(i, index);`,
    }),
    window(false),
  ),
  max_pool2d_backward_f32: over(
    each({
      name: "max_pool2d_backward",
      buffers: { index: "in", dy: "in", dx: "out" },
      integers: WINDOW,
      body: `
  var sum = 0.0;${windows("if (index_at(at) == f32(r * u.size + s)) { sum += dy_at(at); }")}
  dx_put(i, sum);`,
    }),
    window(true),
  ),
  average_pool2d_f32: over(
    each({
      name: "average_pool2d",
      buffers: { x: "in", y: "out" },
      integers: WINDOW,
      body: `${OUT}\n  var sum = 0.0;${taps("sum += x_at(at);")}\n  y_put(i, sum / f32(u.size * u.size));`,
    }),
    window(false),
  ),
  average_pool2d_backward_f32: over(
    each({
      name: "average_pool2d_backward",
      buffers: { dy: "in", dx: "out" },
      integers: WINDOW,
      body: `  var sum = 0.0;${windows("sum += dy_at(at);")}\n  dx_put(i, sum / f32(u.size * u.size));`,
    }),
    window(true),
  ),
  subsample2d_f32: over(
    each({
      name: "subsample2d",
      buffers: { x: "in", y: "out" },
      integers: SAMPLING,
      body: `
  let channel = i % u.filters;
  let column = i / u.filters % u.q * u.stride;
  let line = i / u.filters / u.q % u.p * u.stride;
  let image = i / (u.filters * u.q * u.p);
  y_put(i, 0.0);
  if (channel < u.c) { y_put(i, x_at(((image * u.h + line) * u.w + column) * u.c + channel)); }`,
    }),
    sampling(false),
  ),
  subsample2d_backward_f32: sampleBackward("subsample2d_backward", "out", " else { dx_put(i, 0.0); }"),
  subsample2d_backward_add_f32: sampleBackward("subsample2d_backward_add", "inout", ""),
};
