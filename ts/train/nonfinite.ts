// A step that came to NaN or infinity: what, where, from what, and what to try. It is not committed: weights, running statistics,
// optimizer and averages are those of the step before.
import { listed } from "./digest-difference.ts";
import { stateVariables } from "./digest-chain.ts";
import { FiniteCheck } from "../optim/finite-check.ts";
import type { RawBatch } from "./batch.ts";
import type { Origin } from "./locate.ts";
import type { Sighting } from "./lookout.ts";
import type { NonFinite } from "./nonfinite-what.ts";
import type { Pool } from "./pool.ts";
import { layerOf } from "./trace.ts";

const shardsText = (shards: readonly number[]): string => `${shards.length === 1 ? "shard" : "shards"} ${listed(shards)}`;

/** `loss NaN`, `gradient of head.fc.weight with Infinity`. */
function subjectOf({ what, name, value }: NonFinite): string {
  switch (what) {
    case "loss":
      return `loss ${value}`;
    case "gradient":
      return `gradient of ${name} with ${value}`;
    case "norm":
      return `norm of the gradient ${value}`;
    case "value":
      return `new value of ${name} with ${value}`;
  }
}

/** Where it comes up; "" where that is all there is to say. */
function originOf({ what, op, first, layer, shards, device }: NonFinite): string {
  if (device) return "";
  const where = shards === undefined ? "" : `, ${shardsText(shards)}`;
  if (op !== undefined) return `first as ${first} in the result of ${op} (layer ${layer}${where})`;
  if (what === "loss") return "nowhere to be found when the step was computed again, so the program does not do the same twice";
  if (what !== "gradient") return "";
  return shards?.length === 0 ? "in the sum over shards, each of them finite" : `in the backward pass (layer ${layer}${where})`;
}

/** What was not finite, in words: `loss NaN in step 13, first as Infinity in the result of conv2d (layer stem.conv, shard 2)`. */
export function nonFiniteText(found: NonFinite): string {
  const { step, samples, before } = found;
  const origin = originOf(found);
  const parts = [`${subjectOf(found)} in step ${step}${origin === "" ? "" : `, ${origin}`}`];
  if (samples !== undefined)
    parts.push(`${samples.length === 1 ? `sample ${samples[0]} of the step is` : `samples ${listed(samples)} of the step are`} not finite`);
  if (before !== undefined) parts.push(`${before} was not finite before the step`);
  return parts.join("; ");
}

function adviceFor({ samples, before, learningRate }: NonFinite, isSkipped: boolean): string {
  if (before !== undefined) return "begin from other values";
  const skip = isSkipped ? "" : ', or pass such batches over (onNonFinite: "skip")';
  if (samples !== undefined) return `look at the data${skip}`;
  return `try a smaller learning rate than ${learningRate}, a warm-up or clipGrad${skip}`;
}

/** A step was not made because it came to NaN or infinity. Everything is as it was before the step. */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";
  readonly found: NonFinite;

  /** `row` is the number of steps in a row that were not made, where such are passed over. */
  constructor(found: NonFinite, row = 0) {
    const last = row > 0 ? `; ${row} steps in a row were not made, at most ${row - 1} are passed over` : "";
    const kept = found.before === undefined ? `weights and all else are still those of step ${found.step - 1}` : "nothing was changed";
    super(`train: ${nonFiniteText(found)}, wanted finite numbers${last}; ${kept}; ${adviceFor(found, row > 0)}`);
    this.found = found;
  }
}

/** Samples of the batches, one after the other, whose image or label is not finite. */
function badSamples(batches: readonly RawBatch[]): number[] {
  const bad: number[] = [];
  let start = 0;
  for (const { images, labels, targets = labels, size } of batches) {
    /** Whether the rows of a sample are. */
    const isFinite = (values: ArrayLike<number>, sample: number): boolean => {
      const row = values.length / size;
      let at = sample * row;
      while (at < (sample + 1) * row && Number.isFinite(values[at])) at++;
      return at >= (sample + 1) * row;
    };
    for (let sample = 0; sample < size; sample++)
      if (![images, labels, targets].every((values) => isFinite(values, sample))) bad.push(start + sample);
    start += size;
  }
  return bad;
}

function badVariable(trained: Pick<Pool, "model" | "optimizer" | "ema">): string | null {
  const check = new FiniteCheck(trained.optimizer.backend);
  const found = stateVariables(trained).find(([, { buffer, size }]) => check.first(buffer, size) !== null);
  check.dispose();
  return found?.[0] ?? null;
}

export interface Circumstances {
  readonly batches: readonly RawBatch[];
  readonly learningRate: number;
  /** Where it comes up; null where that was not looked for or not found. */
  readonly origin: Origin | null;
}

/** Puts together what is known. The variables must hold the values from before the step. */
export function nonFiniteOf(
  trained: Pick<Pool, "model" | "optimizer" | "ema">,
  { what, name, value }: Sighting,
  { batches, learningRate, origin }: Circumstances,
): NonFinite {
  const samples = badSamples(batches);
  const before = badVariable(trained);
  const layer = origin?.layer ?? (name === null ? null : layerOf(name));
  return {
    step: trained.optimizer.steps + 1,
    batches: batches.length,
    what,
    ...(name !== null && { name }),
    value,
    ...(origin !== null && origin.op !== null && { op: origin.op, first: origin.value ?? NaN }),
    ...(layer !== null && { layer }),
    ...(origin !== null && origin.shards !== null && { shards: origin.shards }),
    ...(samples.length > 0 && { samples }),
    ...(before !== null && { before }),
    learningRate,
  };
}
