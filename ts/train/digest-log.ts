// digests.jsonl: one digest a line, written and read back. Lists instead of objects where keys are names of parameters.
import * as v from "valibot";
import { FormatError, shown } from "../data/format-error.ts";
import type { DigestBegin, SkipDigest, StepDigest } from "./digest-chain.ts";
import type { Json } from "./events.ts";
import { parseLines, type LinePlace } from "./log.ts";
import { NON_FINITE } from "./nonfinite-what.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const whole = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hex digits"));
const bits = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, "16 hex digits"));
const short = v.pipe(v.string(), v.regex(/^(-|[0-9a-f]{16})$/, "16 hex digits"));
const digests = v.union([short, v.array(short)]);
/** A name that does nothing to a terminal but show. */
const name = v.pipe(
  v.string(),
  v.maxLength(1000),
  v.check((text) => shown(text) === text, "text without control characters"),
);

const begin: v.GenericSchema<unknown, DigestBegin> = v.object({ begin: count, contract: name, state: whole, chain: whole });

const step: v.GenericSchema<unknown, StepDigest> = v.object({
  step: count,
  loss: bits,
  correct: count,
  size: count,
  gradNorm: v.optional(bits),
  state: whole,
  chain: whole,
  values: v.optional(
    v.pipe(
      v.array(v.tuple([name, short])),
      v.transform((pairs) => pairs.map(([of, digest]) => ({ name: of, digest }))),
    ),
  ),
  gradients: v.optional(
    v.array(
      v.pipe(
        v.tuple([name, v.nullable(short), v.array(digests)]),
        v.transform(([key, sum, parts]) => ({ key, sum, parts })),
      ),
    ),
  ),
  forward: v.optional(
    v.array(
      v.pipe(
        v.tuple([name, name, digests]),
        v.transform(([op, layer, of]) => ({ op, layer, digests: of })),
      ),
    ),
  ),
});

const skip: v.GenericSchema<unknown, SkipDigest> = v.object({
  skipped: count,
  batches: count,
  after: count,
  what: v.picklist(NON_FINITE),
  chain: whole,
});

/** A line of the file. */
export type DigestEntry = DigestBegin | StepDigest | SkipDigest;

/** One digest as a JSON line, without the line's end. */
export function formatDigest(digest: DigestEntry): string {
  if (!("step" in digest)) return JSON.stringify(digest);
  const { values, gradients, forward, ...rest } = digest;
  return JSON.stringify({
    ...rest,
    ...(values && { values: values.map((value) => [value.name, value.digest]) }),
    ...(gradients && { gradients: gradients.map(({ key, sum, parts }) => [key, sum, parts]) }),
    ...(forward && { forward: forward.map((result) => [result.op, result.layer, result.digests]) }),
  });
}

function digestOf(value: Json, { file, line, offset }: LinePlace): DigestEntry {
  const has = (key: string): boolean => typeof value === "object" && value !== null && key in value;
  const schema = has("begin") ? begin : has("skipped") ? skip : step;
  const result = v.safeParse<v.GenericSchema<unknown, DigestEntry>>(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const found = `${v.getDotPath(issue) ?? "what"} ${issue.received} in line ${line}`;
  throw new FormatError({
    file,
    offset,
    found,
    wanted: `a digest: ${issue.type === "regex" ? issue.message : (issue.expected ?? issue.message)}`,
  });
}

export interface DigestLog {
  /** In the order of the file. */
  readonly entries: readonly DigestEntry[];
  readonly begins: readonly DigestBegin[];
  /** Batches that were passed over, in the order of the file. */
  readonly skips: readonly SkipDigest[];
  /** By step. */
  readonly steps: ReadonlyMap<number, StepDigest>;
}

/** `12 (loss)`, `12 to 13 (gradient)`: batches that were passed over, and why. */
export function skipText({ skipped, batches, what }: SkipDigest): string {
  return `${skipped}${batches > 1 ? ` to ${skipped + batches - 1}` : ""} (${what})`;
}

/** Batches from number `from` on that were passed over between a step and the one before it; "" where none were. */
export function skipsBefore({ skips }: Pick<DigestLog, "skips">, step: number, from = 0): string {
  const passed = skips.filter(({ after, skipped }) => after === step - 1 && skipped >= from);
  return passed.map(skipText).join(", ");
}

/** Reads a file of digests; a last line cut short is left out. Throws FormatError. */
export function parseDigests(bytes: Uint8Array, file: string): DigestLog {
  const { entries } = parseLines(bytes, file, digestOf);
  return {
    entries,
    begins: entries.filter((entry) => "begin" in entry),
    skips: entries.filter((entry) => "skipped" in entry),
    steps: new Map(entries.flatMap((entry) => ("step" in entry ? [[entry.step, entry] as const] : []))),
  };
}
