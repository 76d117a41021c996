// Values that differ between two runs, and how they are shown.
import type { Checkpoint } from "../../train/index.ts";
import { hexOf, numberOf } from "../../train/digest-chain.ts";
import type { Difference } from "../../train/digest-difference.ts";
import type { RecordedRun } from "./recorded-run.ts";
import { lookInto, type Repeated, type Shown } from "./repeat-step.ts";
import { Replay, type ReplayOptions } from "./replay.ts";

export interface UnequalElement {
  readonly index: number;
  readonly count: number;
  /** `, [1,0,2] of [3,3,4]` where the shape is known. */
  readonly place: string;
  readonly values: readonly [a: string, b: string];
  readonly hex: readonly [a: string, b: string];
}

function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0).toString(16).padStart(8, "0");
}

function placeText(index: number, shape: readonly number[] | undefined): string {
  if (shape === undefined || shape.length === 0) return "";
  const place: number[] = [];
  let rest = index;
  for (const length of [...shape].reverse()) {
    place.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return `, [${place.join(",")}] of [${shape.join(",")}]`;
}

/** The first element whose bits differ; null where none does. */
export function firstUnequal(a: Shown, b: Shown): UnequalElement | null {
  const isDouble = a.isDouble === true || b.isDouble === true;
  const hex = isDouble ? hexOf : bitsOf;
  // Nine digits tell every float32 from all others, seventeen every float64.
  const decimal = (value: number | undefined): string => (value === undefined ? "none" : value.toPrecision(isDouble ? 17 : 9));
  const count = Math.max(a.values.length, b.values.length);
  for (let index = 0; index < count; index++) {
    const [left, right] = [a.values.length > index ? a.values[index] : undefined, b.values.length > index ? b.values[index] : undefined];
    if (left !== undefined && right !== undefined && hex(left) === hex(right)) continue;
    return {
      index,
      count,
      place: placeText(index, a.shape?.join() === b.shape?.join() ? a.shape : undefined),
      values: [decimal(left), decimal(right)],
      hex: [left === undefined ? "-" : hex(left), right === undefined ? "-" : hex(right)],
    };
  }
  return null;
}

/** The tensor of a checkpoint that holds a variable, as digests name it. */
function tensorOf({ tensors }: Checkpoint, name: string): Shown | null {
  const found = tensors.get(name);
  return found ? { values: found.values as ArrayLike<number>, shape: found.shape } : null;
}

const single = (hex: string): Shown => ({ values: [numberOf(hex)], isDouble: true });

/** The values of the place where runs differ, in one of them; null where they cannot be had. */
export async function valuesAt(repeated: Repeated, difference: Difference, options: ReplayOptions): Promise<Shown | null> {
  const { digest } = repeated;
  switch (difference.kind) {
    case "forward":
    case "part":
    case "sum":
      return lookInto(repeated, difference.place, options);
    case "loss":
      return single(digest.loss);
    case "correct":
      return { values: [digest.correct], isDouble: true };
    case "norm":
      return digest.gradNorm === undefined ? null : single(digest.gradNorm);
    default:
      return null;
  }
}

export interface UnequalTensor {
  readonly name: string;
  /** Null where only one has it. */
  readonly unequal: UnequalElement | null;
}

/** The first tensor that differs between two checkpoints; null where none does. */
export function firstUnequalTensor(a: Checkpoint, b: Checkpoint): UnequalTensor | null {
  for (const name of a.tensors.keys()) {
    const [left, right] = [tensorOf(a, name), tensorOf(b, name)];
    if (left === null || right === null) return { name, unequal: null };
    const unequal = firstUnequal(left, right);
    if (unequal !== null) return { name, unequal };
  }
  return null;
}

/** The first of the initial values that differ between two runs, as they are made here. */
export async function startDifference(runs: readonly [a: RecordedRun, b: RecordedRun], dataDir: string): Promise<UnequalTensor | null> {
  const starts: Checkpoint[] = [];
  for (const run of runs) {
    const replay = await Replay.open(run, { dataDir, workers: 0 });
    starts.push(replay.start);
    await replay.close();
  }
  const [a, b] = starts;
  return firstUnequalTensor(a, b);
}
