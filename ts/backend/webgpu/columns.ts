// Sums along one axis of [outer, length, inner], two at a time: batch statistics, gradients of scales, means over pixels, reductions. A
// workgroup sums some columns over a stretch of the axis; where there are several stretches a second pass adds what they left in scratch.
import type { GpuKernel, Pass, Source, Use } from "./source.ts";

const THREADS = 256;
/** Elements that one invocation adds up before a longer axis is cut. */
const SPAN = 64;
/** Stretches at most. */
const MOST = 512;

interface ColumnsSpec {
  readonly name: string;
  readonly buffers: Readonly<Record<string, Use>>;
  readonly integers?: readonly string[];
  readonly floats?: readonly string[];
  readonly declarations?: string;
  /** Body of `fn value(o: u32, l: u32, i: u32) -> vec2<f32>`: what is summed. */
  readonly value: string;
  /** Body of `fn finish(column: u32, total: vec2<f32>)`, column = o * inner + i: writes the results. */
  readonly finish: string;
  readonly extent: (numbers: Readonly<Record<string, number>>) => {
    readonly outer: number;
    readonly length: number;
    readonly inner: number;
  };
  /** Further uniforms. */
  readonly derive?: (numbers: Readonly<Record<string, number>>) => Readonly<Record<string, number>>;
}

const INTEGERS = ["columns", "inner", "length", "width", "lanes", "along", "span", "chunks"];

const main = (last: string): string => `
  let blocks = (u.columns + u.width - 1u) / u.width;
  let chunk = group / blocks;
  if (chunk >= u.chunks) { return; }
  var slot = thread % u.width;
  var lane = thread / u.width;
  if (u.along == 1u) { slot = thread / u.lanes; lane = thread % u.lanes; }
  let column = (group % blocks) * u.width + slot;
  let place = slot * u.lanes + lane;
  var sum = vec2<f32>(0.0);
  if (column < u.columns) {
    let begin = chunk * u.span;
    let to = min(begin + u.span, u.length);
    let o = column / u.inner;
    let i = column % u.inner;
    for (var l = begin + lane; l < to; l += u.lanes) { sum += value(o, l, i); }
  }
  parts[place] = sum;
  workgroupBarrier();
  for (var step = u.lanes / 2u; step > 0u; step /= 2u) {
    if (lane < step) { parts[place] += parts[place + step]; }
    workgroupBarrier();
  }
  if (lane == 0u && column < u.columns) {
${last}
  }`;

const FINISH = "    finish(column, parts[place]);";
const KEEP_OR_FINISH = `    if (has_scratch) {
      scratch_put(2u * (chunk * u.columns + column), parts[place].x);
      scratch_put(2u * (chunk * u.columns + column) + 1u, parts[place].y);
    } else { finish(column, parts[place]); }`;

const power = (least: number): number => {
  let value = 1;
  while (value < least) value *= 2;
  return value;
};

interface Plan {
  readonly numbers: Readonly<Record<string, number>>;
  readonly chunks: number;
  readonly groups: number;
}

function planOf(columns: number, length: number, inner: number, cut: boolean): Plan {
  const along = inner === 1 ? 1 : 0;
  const lanes = along ? Math.min(THREADS, power(Math.ceil(length / 8))) : THREADS / Math.min(64, power(Math.min(inner, columns)));
  const width = THREADS / lanes;
  const chunks = cut ? Math.max(1, Math.min(MOST, Math.ceil(length / (SPAN * lanes)))) : 1;
  const span = Math.ceil(length / chunks);
  return {
    numbers: { columns, inner: Math.max(1, inner), length, width, lanes, along, span, chunks },
    chunks,
    groups: Math.ceil(columns / width) * chunks,
  };
}

/** A kernel that sums along an axis. */
export function columns(spec: ColumnsSpec): GpuKernel {
  const { name, buffers, integers = [], floats = [], declarations = "", value, finish, extent, derive = () => ({}) } = spec;
  const source = (suffix: string, scratch: Use, body: string, last: string): Source => ({
    name: `${name}${suffix}`,
    buffers: { ...buffers, scratch },
    integers: [...INTEGERS, ...integers],
    floats,
    threads: THREADS,
    declarations: [
      declarations,
      `var<workgroup> parts: array<vec2<f32>, ${THREADS}>;`,
      `fn value(o: u32, l: u32, i: u32) -> vec2<f32> {\n${body}\n}`,
      `fn finish(column: u32, total: vec2<f32>) {\n${finish}\n}`,
    ].join("\n"),
    main: main(last),
  });
  const whole = source("", "out?", value, KEEP_OR_FINISH);
  const rest = source(
    "_rest",
    "in",
    "  let at = 2u * (l * u.columns + i);\n  return vec2<f32>(scratch_at(at), scratch_at(at + 1u));",
    FINISH,
  );
  const first = (numbers: Readonly<Record<string, number>>): Plan => {
    const { outer, length, inner } = extent(numbers);
    return planOf(outer * inner, length, inner, true);
  };
  return {
    scratch: (numbers) => {
      const { chunks, numbers: own } = first(numbers);
      return chunks > 1 ? 2 * chunks * own["columns"] : 0;
    },
    passes: (numbers) => {
      const more = { ...numbers, ...derive(numbers) };
      const plan = first(numbers);
      const passes: Pass[] = [{ source: whole, numbers: { ...more, ...plan.numbers }, groups: plan.groups }];
      if (plan.chunks > 1) {
        const { columns: count } = plan.numbers;
        const next = planOf(count, plan.chunks, count, false);
        passes.push({ source: rest, numbers: { ...more, ...next.numbers }, groups: next.groups });
      }
      return passes;
    },
  };
}
