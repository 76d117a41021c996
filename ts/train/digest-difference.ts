// Where two digests of a step part first, in the order in which a step computes: forward pass, loss, gradients from the last parameter
// to the first, their norm, new values.
import { numberOf, type StepDigest } from "./digest-chain.ts";
import type { Digests, GradientDigest, Place } from "./trace.ts";

/** What differs first. */
export type Difference =
  /** The steps do not have the same parts: another model, or another perpend. */
  | { readonly kind: "parts"; readonly what: string }
  | {
      readonly kind: "forward";
      readonly place: Place;
      /** Number of the operation in the step, from 0. */
      readonly index: number;
      readonly op: string;
      readonly layer: string;
      readonly shards: readonly number[] | null;
    }
  | { readonly kind: "loss" | "correct" | "norm" }
  /** What single shards give to a gradient. */
  | {
      readonly kind: "part";
      readonly place: Place;
      readonly key: string;
      /** Number among the contributions to this gradient, from 0. */
      readonly contribution: number;
      readonly shards: readonly number[] | null;
    }
  /** The sum over all shards. */
  | { readonly kind: "sum"; readonly place: Place; readonly key: string }
  | { readonly kind: "value"; readonly name: string }
  /** Something in the new state; it was not recorded what. */
  | { readonly kind: "state" };

/** Shards whose digests differ; null for a value that all threads have, undefined where nothing differs. */
function differing(a: Digests, b: Digests): readonly number[] | null | undefined {
  if (typeof a === "string" || typeof b === "string") return a === b ? undefined : null;
  const shards = Array.from({ length: Math.max(a.length, b.length) }, (_, shard) => shard).filter((shard) => a[shard] !== b[shard]);
  return shards.length > 0 ? shards : undefined;
}

const firstOf = (shards: readonly number[] | null): number | null => (shards === null ? null : shards[0]);

function forwardDifference(a: StepDigest, b: StepDigest): Difference | null {
  if (a.forward === undefined || b.forward === undefined) return null;
  for (const [index, { op, layer, digests }] of a.forward.entries()) {
    const other = b.forward.at(index);
    if (other === undefined || other.op !== op || other.layer !== layer)
      return {
        kind: "parts",
        what: `operation ${index} of the forward pass is ${op} (${layer}) and ${other ? `${other.op} (${other.layer})` : "none"}`,
      };
    const shards = differing(digests, other.digests);
    if (shards !== undefined)
      return { kind: "forward", place: { kind: "forward", index, shard: firstOf(shards) }, index, op, layer, shards };
  }
  if (a.forward.length === b.forward.length) return null;
  return { kind: "parts", what: `the forward pass has ${a.forward.length} and ${b.forward.length} operations` };
}

function gradientDifference(a: StepDigest, b: StepDigest): Difference | null {
  if (a.gradients === undefined || b.gradients === undefined) return null;
  const others = new Map(b.gradients.map((gradient) => [gradient.key, gradient]));
  for (const { key, sum, parts } of [...a.gradients].reverse()) {
    const other = others.get(key);
    if (other === undefined) return { kind: "parts", what: `only one has a gradient of ${key}` };
    // Level "layer" has no parts.
    if (parts.length > 0 && other.parts.length > 0) {
      if (parts.length !== other.parts.length)
        return { kind: "parts", what: `the gradient of ${key} has ${parts.length} and ${other.parts.length} contributions` };
      for (const [contribution, part] of parts.entries()) {
        const shards = differing(part, other.parts[contribution]);
        if (shards !== undefined)
          return { kind: "part", place: { kind: "part", key, contribution, shard: firstOf(shards) }, key, contribution, shards };
      }
    }
    if (sum !== other.sum) return { kind: "sum", place: { kind: "sum", key }, key };
  }
  if (a.gradients.length === b.gradients.length) return null;
  return { kind: "parts", what: `there are ${a.gradients.length} and ${b.gradients.length} gradients` };
}

function valueDifference(a: StepDigest, b: StepDigest): Difference | null {
  if (a.values === undefined || b.values === undefined) return null;
  const others = new Map(b.values.map(({ name, digest }) => [name, digest]));
  const found = a.values.find(({ name, digest }) => others.get(name) !== digest);
  return found === undefined ? null : { kind: "value", name: found.name };
}

/** Whether two steps came to the same bits: their results and the state they left. The steps before do not count. */
export function sameStep(a: StepDigest, b: StepDigest): boolean {
  return a.state === b.state && a.loss === b.loss && a.correct === b.correct && a.size === b.size && a.gradNorm === b.gradNorm;
}

/** Where two digests of the same step part; null where they agree in all that both have. */
export function firstDifference(a: StepDigest, b: StepDigest): Difference | null {
  const forward = forwardDifference(a, b);
  if (forward !== null) return forward;
  if (a.loss !== b.loss) return { kind: "loss" };
  if (a.correct !== b.correct || a.size !== b.size) return { kind: "correct" };
  const gradient = gradientDifference(a, b);
  if (gradient !== null) return gradient;
  if (a.gradNorm !== b.gradNorm) return { kind: "norm" };
  return valueDifference(a, b) ?? (a.state === b.state ? null : { kind: "state" });
}

/** Whether a step was recorded in too little detail to say more than that it differs. */
export function isVague({ kind }: Difference): boolean {
  return kind === "state" || kind === "loss" || kind === "correct" || kind === "norm";
}

/** What a step had at the place of a difference: its digest, or the number itself. */
export function foundAt(step: StepDigest, difference: Difference): string {
  const at = (digests: Digests | undefined, shard: number | null): string | undefined =>
    typeof digests === "string" ? digests : digests?.[shard ?? 0];
  const gradientOf = (key: string): GradientDigest | undefined => step.gradients?.find((gradient) => gradient.key === key);
  const found = (): string | null | undefined => {
    switch (difference.kind) {
      case "forward":
        return at(step.forward?.[difference.index]?.digests, firstOf(difference.shards));
      case "part":
        return at(gradientOf(difference.key)?.parts[difference.contribution], firstOf(difference.shards));
      case "sum":
        return gradientOf(difference.key)?.sum;
      case "value":
        return step.values?.find(({ name }) => name === difference.name)?.digest;
      case "loss":
        return String(numberOf(step.loss));
      case "correct":
        return `${step.correct} of ${step.size}`;
      case "norm":
        return step.gradNorm === undefined ? "none" : String(numberOf(step.gradNorm));
      default:
        return step.state;
    }
  };
  return found() ?? "none";
}

/** Numbers as a person lists them: `2`, `0 to 3, 5`. */
export function listed(numbers: readonly number[]): string {
  const runs: [from: number, to: number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(", ");
}

function shardText(shards: readonly number[] | null): string {
  if (shards === null) return "";
  return `, ${shards.length === 1 ? "shard" : "shards"} ${listed(shards)}`;
}

/** A difference in words. */
export function differenceText(difference: Difference): string {
  switch (difference.kind) {
    case "parts":
      return difference.what;
    case "forward":
      return `forward pass, operation ${difference.index}, ${difference.op} (layer ${difference.layer})${shardText(difference.shards)}`;
    case "part":
      return (
        `gradient of ${difference.key}${shardText(difference.shards)}` +
        (difference.contribution > 0 ? `, contribution ${difference.contribution + 1}` : "")
      );
    case "sum":
      return `gradient of ${difference.key}, summed over shards`;
    case "value":
      return `new value of ${difference.name}, from the same gradient`;
    case "loss":
      return "loss";
    case "correct":
      return "number of images classified right";
    case "norm":
      return "norm of the gradient";
    case "state":
      return "state after the step";
  }
}
