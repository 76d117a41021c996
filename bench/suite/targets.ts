// What perpend wants to reach on two cores, as ratios of one run, and what a run reached. Shares are of 128-bit multiply-adds; where V8
// widens vectors (Node 24 and later) nearly twice as much is wanted.
import { table } from "./markdown.ts";
import { rowKey, UNITS, type Row } from "./rows.ts";

interface Target {
  readonly work: string;
  /** The rows that count. */
  readonly rows: RegExp;
  /** What of a row counts. */
  readonly of: "value" | "share";
  /** Before Node 24, and from there on. */
  readonly wanted: readonly [plain: number, wide: number];
  /** How a number is written. */
  readonly text: (value: number) => string;
}

const share = (value: number): string => `${(100 * value).toFixed(0)} %`;
const times = (value: number): string => `${value.toFixed(2)}x`;
const more = (value: number): string => `${(100 * (value - 1)).toFixed(1)} % more`;
const megabytes = (value: number): string => `${value.toFixed(0)} MB`;
const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;

/** The four shapes that the prototypes were measured on. */
const SHAPES = "3x3_(?:16to16_32x32|32to32_16x16|64to64_8x8|64to64_56x56)_b\\d+";

const TARGETS: readonly Target[] = [
  { work: "GEMM 256 to 2048, NN, TN, NT", rows: /^gemm_.._(?:256|512|1024|2048)$/, of: "share", wanted: [0.8, 1.56], text: share },
  {
    work: "conv 3x3 direct, three passes, four shapes",
    rows: new RegExp(`^conv_${SHAPES}_`),
    of: "share",
    wanted: [0.75, 1.5],
    text: share,
  },
  {
    work: "Winograd over direct, forward and input gradient",
    ...{ rows: new RegExp(`^winograd_over_direct_${SHAPES}_(?:forward|input_gradient)$`), of: "value", wanted: [1.9, 1.9], text: times },
  },
  {
    work: "Winograd over direct, weight gradient",
    ...{ rows: new RegExp(`^winograd_over_direct_${SHAPES}_weight_gradient$`), of: "value", wanted: [1.4, 1.3], text: times },
  },
  { work: "two workers over one", rows: /^workers_2_over_1_/, of: "value", wanted: [1.8, 1.8], text: times },
  { work: "time that orthogonal skips add", rows: /^orthogonal_over_additive_.*(?<!_cpu)$/, of: "value", wanted: [1.06, 1.06], text: more },
  { work: "time an image and layer, depth 20 to 218", rows: /^growth_depth_\d+_over_\d+$/, of: "value", wanted: [1.1, 1.1], text: more },
  { work: "time an image and layer, batch 64 to 512", rows: /^growth_batch_\d+_over_\d+$/, of: "value", wanted: [1.1, 1.1], text: more },
  { work: "peak memory, ResNet-20, batch 128", rows: /^peak_memory_resnet20_b128/, of: "value", wanted: [500, 500], text: megabytes },
  { work: "peak memory, ResNet-110, batch 128", rows: /^peak_memory_resnet110_b128/, of: "value", wanted: [1700, 1700], text: megabytes },
  {
    work: "start of the process to the first finished step",
    rows: /^start_first_step/,
    of: "value",
    wanted: [600, 600],
    text: milliseconds,
  },
  { work: "time that tolerance of faults adds", rows: /^fault_tolerance_over_none_resnet/, of: "value", wanted: [1.02, 1.02], text: more },
  { work: "time that a digest a step adds", rows: /^step_with_digest_over_none_/, of: "value", wanted: [1.02, 1.02], text: more },
  {
    work: "end of a worker to the end of the step, over a step",
    ...{ rows: /^killed_until_done_over_a_step_/, of: "value", wanted: [100, 100], text: milliseconds },
  },
  { work: "a hang, over twenty steps or 1 s", rows: /^hang_until_found_over_limit_/, of: "value", wanted: [1.05, 1.05], text: times },
];

const FIRST_WIDE = 24;

export interface Reached {
  readonly work: string;
  readonly wanted: string;
  /** The worst of the rows that count. */
  readonly worst: string;
  readonly at: string;
  readonly met: boolean;
  /** Rows that reach it, and all that count. */
  readonly rows: readonly [reaching: number, all: number];
}

/** Targets that the run has rows for. */
export function reachedTargets(rows: readonly Row[]): Reached[] {
  return TARGETS.flatMap(({ work, rows: pattern, of, wanted, text }) => {
    const counting = rows.filter(({ name, ceilingShare }) => pattern.test(name) && (of === "value" || ceilingShare !== null));
    if (counting.length === 0) return [];
    const isMore = of === "share" || UNITS[counting[0].unit] === "more";
    const limitOf = ({ runtime }: Row): number => wanted[Number(/\d+/.exec(runtime)?.[0]) >= FIRST_WIDE ? 1 : 0];
    const valueOf = ({ value, ceilingShare }: Row): number => (of === "share" ? ceilingShare! : value);
    const reaches = (row: Row): boolean => (isMore ? valueOf(row) >= limitOf(row) : valueOf(row) <= limitOf(row));
    const worst = counting.reduce((a, b) => (isMore === valueOf(b) < valueOf(a) ? b : a));
    const reaching = counting.filter(reaches).length;
    return [
      {
        ...{ work, wanted: `${isMore ? ">=" : "<="} ${text(limitOf(worst))}`, worst: text(valueOf(worst)), at: rowKey(worst) },
        ...{ met: reaching === counting.length, rows: [reaching, counting.length] as const },
      },
    ];
  });
}

export function targetsTable(reached: readonly Reached[]): string {
  const rows = reached.map(({ work, wanted, worst, at, rows: [reaching, all] }) => [work, at, wanted, worst, `${reaching} of ${all}`]);
  return table(["target", "worst", "wanted", "found", "reached by"], rows, 2);
}
