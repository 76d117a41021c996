// Work on the rows of [rows, cols]: a row has as many invocations as its length is worth, which share sums and maxima. The body sees
// `row`, `valid` (there is such a row), `lane` and u.lanes; it is run by all invocations alike, so that sum2() and largest() may wait.
// Where invocations can shuffle values among neighbors, they wait for each other only in rows longer than a subgroup has lanes.
import type { GpuKernel, Source, Use } from "./source.ts";

const THREADS = 256;

interface RowsSpec {
  readonly name: string;
  readonly buffers: Readonly<Record<string, Use>>;
  readonly integers?: readonly string[];
  readonly floats?: readonly string[];
  readonly declarations?: string;
  readonly body: string;
  readonly extent?: (numbers: Readonly<Record<string, number>>) => { readonly rows: number; readonly cols: number };
  /** Further uniforms. */
  readonly derive?: (numbers: Readonly<Record<string, number>>) => Readonly<Record<string, number>>;
}

const MEMORY = `
var<workgroup> cells: array<vec2<f32>, ${THREADS}>;
var<private> cell: u32;
var<private> lane: u32;
fn sum2(part: vec2<f32>) -> vec2<f32> {
  cells[cell] = part;
  workgroupBarrier();
  for (var step = u.lanes / 2u; step > 0u; step /= 2u) {
    if (lane < step) { cells[cell] += cells[cell + step]; }
    workgroupBarrier();
  }
  let total = cells[cell - lane];
  workgroupBarrier();
  return total;
}
fn sum1(part: f32) -> f32 { return sum2(vec2<f32>(part, 0.0)).x; }
fn largest(part: f32) -> f32 {
  cells[cell].x = part;
  workgroupBarrier();
  for (var step = u.lanes / 2u; step > 0u; step /= 2u) {
    if (lane < step) { cells[cell].x = max(cells[cell].x, cells[cell + step].x); }
    workgroupBarrier();
  }
  let total = cells[cell - lane].x;
  workgroupBarrier();
  return total;
}`;

/** The same by shuffles between u.near neighbors first; all have the result. */
const SHUFFLED = `
var<workgroup> cells: array<vec2<f32>, ${THREADS}>;
var<private> cell: u32;
var<private> lane: u32;
fn sum2(part: vec2<f32>) -> vec2<f32> {
  var total = part;
  for (var step = u.near / 2u; step > 0u; step /= 2u) { total += subgroupShuffleXor(total, step); }
  if (u.lanes > u.near) {
    cells[cell] = total;
    workgroupBarrier();
    total = vec2<f32>(0.0);
    for (var at = cell - lane; at < cell - lane + u.lanes; at += u.near) { total += cells[at]; }
    workgroupBarrier();
  }
  return total;
}
fn sum1(part: f32) -> f32 { return sum2(vec2<f32>(part, 0.0)).x; }
fn largest(part: f32) -> f32 {
  var total = part;
  for (var step = u.near / 2u; step > 0u; step /= 2u) { total = max(total, subgroupShuffleXor(total, step)); }
  if (u.lanes > u.near) {
    cells[cell].x = total;
    workgroupBarrier();
    for (var at = cell - lane; at < cell - lane + u.lanes; at += u.near) { total = max(total, cells[at].x); }
    workgroupBarrier();
  }
  return total;
}`;

/** Invocations of a row. */
function lanesOf(cols: number): number {
  let lanes = 1;
  while (lanes < THREADS && lanes * 4 < cols) lanes *= 2;
  return lanes;
}

/** A kernel of one pass over rows. */
export function rows(spec: RowsSpec): GpuKernel {
  const { name, buffers, integers = [], floats = [], declarations = "", body, derive = () => ({}) } = spec;
  const extent = spec.extent ?? ((numbers) => ({ rows: numbers["rows"], cols: numbers["cols"] }));
  const sourceOf = (suffix: string, sums: string, more: Partial<Source>): Source => ({
    name: `${name}${suffix}`,
    buffers,
    integers: ["rows", "cols", "lanes", "near", ...integers],
    floats,
    threads: THREADS,
    declarations: `${sums}\n${declarations}`,
    main: `
  cell = thread;
  lane = thread % u.lanes;
  let row = group * (${THREADS}u / u.lanes) + thread / u.lanes;
  let valid = row < u.rows;
  let cols = select(0u, u.cols, valid);
  let first = row * u.cols;
${body}`,
    ...more,
  });
  const plain = sourceOf("", MEMORY, {});
  const shuffling = sourceOf("_shuffled", SHUFFLED, { extensions: ["subgroups"] });
  return {
    passes: (numbers, { shuffled }) => {
      const size = extent(numbers);
      const lanes = lanesOf(size.cols);
      const near = Math.min(lanes, shuffled ?? 1);
      const source = shuffled === undefined ? plain : shuffling;
      return [
        { source, numbers: { ...numbers, ...derive(numbers), ...size, lanes, near }, groups: Math.ceil((size.rows * lanes) / THREADS) },
      ];
    },
  };
}
