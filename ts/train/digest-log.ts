// digests.jsonl: one digest a line, written and read back. Lists instead of objects where keys are names of parameters.
import * as v from "valibot";
import { FormatError, shown } from "../data/format-error.ts";
import type { DigestBegin, StepDigest } from "./digest-chain.ts";
import type { Json } from "./events.ts";
import { parseLines, type LinePlace } from "./log.ts";

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

/** One digest as a JSON line, without the line's end. */
export function formatDigest(digest: DigestBegin | StepDigest): string {
  if ("begin" in digest) return JSON.stringify(digest);
  const { values, gradients, forward, ...rest } = digest;
  return JSON.stringify({
    ...rest,
    ...(values && { values: values.map((value) => [value.name, value.digest]) }),
    ...(gradients && { gradients: gradients.map(({ key, sum, parts }) => [key, sum, parts]) }),
    ...(forward && { forward: forward.map((result) => [result.op, result.layer, result.digests]) }),
  });
}

function digestOf(value: Json, { file, line, offset }: LinePlace): DigestBegin | StepDigest {
  const isBegin = typeof value === "object" && value !== null && "begin" in value;
  const result = v.safeParse<v.GenericSchema<unknown, DigestBegin | StepDigest>>(isBegin ? begin : step, value);
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
  readonly entries: readonly (DigestBegin | StepDigest)[];
  readonly begins: readonly DigestBegin[];
  /** By step. */
  readonly steps: ReadonlyMap<number, StepDigest>;
}

/** Reads a file of digests; a last line cut short is left out. Throws FormatError. */
export function parseDigests(bytes: Uint8Array, file: string): DigestLog {
  const { entries } = parseLines(bytes, file, digestOf);
  return {
    entries,
    begins: entries.filter((entry) => "begin" in entry),
    steps: new Map(entries.flatMap((entry) => ("begin" in entry ? [] : [[entry.step, entry] as const]))),
  };
}
