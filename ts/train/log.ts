// log.jsonl: one event a line, written and read back. A line that is no event is refused with file, line and byte;
// a last line cut short, as a killed process leaves it, is left out and told.
import * as v from "valibot";
import { FormatError } from "../data/format-error.ts";
import type {
  BlockDiagnostics,
  CheckpointEvent,
  DiagnosticsEvent,
  EvaluateEvent,
  FaultEvent,
  Json,
  JsonObject,
  Machine,
  NonFiniteEvent,
  RunEndEvent,
  RunEvent,
  RunStartEvent,
  SamplesEvent,
  StepEvent,
} from "./events.ts";
import { FAULT_KINDS } from "./faults.ts";
import { NON_FINITE } from "./nonfinite-what.ts";
import { parseStrictJson, plainJson } from "./strict-json.ts";

// JSON has no NaN and no infinities, yet a run that diverges must log its loss: they are written as these words.
const words = ["NaN", "Infinity", "-Infinity"] as const;

const real = v.union([
  v.number(),
  v.pipe(
    v.picklist(words),
    v.transform((word): number => Number(word)),
  ),
]);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hex digits"));
const json: v.GenericSchema<Json> = v.lazy(() =>
  v.union([v.null(), v.boolean(), v.number(), v.string(), v.array(json), v.record(v.string(), json)]),
);
const jsonObject: v.GenericSchema<JsonObject> = v.record(v.string(), json);

const machine: v.GenericSchema<Machine> = v.object({
  cpu: v.string(),
  cores: count,
  memoryBytes: count,
  platform: v.string(),
  architecture: v.string(),
  runtime: v.string(),
  engine: v.string(),
});

const runStart: v.GenericSchema<unknown, RunStartEvent> = v.object({
  type: v.literal("run-start"),
  name: v.string(),
  recipe: jsonObject,
  model: v.string(),
  parameters: count,
  machine,
  versions: v.record(v.string(), v.string()),
  shards: count,
  workers: count,
  seed: v.number(),
  epochs: v.pipe(v.number(), v.minValue(0)),
  stepsPerEpoch: count,
  resumedFrom: v.optional(count),
  dataset: v.optional(v.string()),
  classes: v.optional(v.array(v.string())),
  command: v.optional(v.string()),
  startedAt: v.optional(v.string()),
});

const fault: v.GenericSchema<unknown, FaultEvent> = v.object({
  type: v.literal("fault"),
  kind: v.picklist(FAULT_KINDS),
  worker: count,
  step: count,
  attempt: count,
  seconds: real,
  message: v.string(),
});

const step: v.GenericSchema<unknown, StepEvent> = v.object({
  type: v.literal("step"),
  epoch: count,
  step: count,
  loss: real,
  accuracy: real,
  learningRate: real,
  imagesPerSecond: real,
  gradNorm: v.optional(real),
  seconds: v.optional(real),
});

const nonfinite: v.GenericSchema<unknown, NonFiniteEvent> = v.object({
  type: v.literal("nonfinite"),
  epoch: count,
  step: count,
  batch: count,
  batches: count,
  what: v.picklist(NON_FINITE),
  name: v.optional(v.string()),
  value: real,
  op: v.optional(v.string()),
  first: v.optional(real),
  layer: v.optional(v.string()),
  shards: v.optional(v.array(count)),
  samples: v.optional(v.array(count)),
  before: v.optional(v.string()),
  device: v.optional(v.literal(true)),
  learningRate: real,
  skipped: v.boolean(),
});

const evaluate: v.GenericSchema<unknown, EvaluateEvent> = v.object({
  type: v.literal("evaluate"),
  epoch: count,
  step: v.optional(count),
  split: v.string(),
  loss: real,
  top1: real,
  top5: real,
  confusion: v.optional(
    v.pipe(
      v.array(v.array(count)),
      v.check((rows) => rows.every((row) => row.length === rows.length), "as many columns as rows"),
    ),
  ),
  nonFinite: v.optional(count),
  seconds: v.optional(real),
});

const block: v.GenericSchema<unknown, BlockDiagnostics> = v.object({
  index: count,
  streamNorm2: real,
  parallelNorm2: real,
  orthogonalNorm2: real,
  rhoParallel: real,
  rhoOrthogonal: real,
  cosine: real,
});

const diagnostics: v.GenericSchema<unknown, DiagnosticsEvent> = v.object({
  type: v.literal("diagnostics"),
  step: count,
  blocks: v.array(block),
});

const samples: v.GenericSchema<unknown, SamplesEvent> = v.pipe(
  v.object({
    type: v.literal("samples"),
    step: v.optional(count),
    images: v.array(v.pipe(v.string(), v.regex(/^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/, "a PNG data URL"))),
    labels: v.array(count),
    predictions: v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(-1))),
    probabilities: v.array(real),
  }),
  v.check(
    (event) => [event.labels, event.predictions, event.probabilities].every((list) => list.length === event.images.length),
    "as many labels, predictions and probabilities as images",
  ),
);

const checkpoint: v.GenericSchema<unknown, CheckpointEvent> = v.object({ type: v.literal("checkpoint"), path: v.string(), step: count });

const runEnd: v.GenericSchema<unknown, RunEndEvent> = v.object({
  type: v.literal("run-end"),
  digest,
  seconds: real,
  steps: count,
  reason: v.picklist(["finished", "stopped", "max-steps", "diverged"]),
});

const schemas: { readonly [T in RunEvent["type"]]: v.GenericSchema<unknown, Extract<RunEvent, { type: T }>> } = {
  "run-start": runStart,
  step,
  nonfinite,
  fault,
  evaluate,
  diagnostics,
  samples,
  checkpoint,
  "run-end": runEnd,
};

/** One event as a JSON line, without the line's end. */
export function formatEvent(event: RunEvent): string {
  return JSON.stringify(event, (_key, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value));
}

/** Bytes of a line at most: some hundred times what the pictures of a report take. */
export const MOST_LINE_BYTES = 1 << 26;

const LINE_END = 0x0a;

/** Where a line stands. */
export interface LinePlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly offset: number;
}

function eventOf(value: Json, { file, line, offset }: LinePlace): RunEvent {
  const refuse = (found: string, wanted: string): never => {
    throw new FormatError({ file, offset, found: `${found} in line ${line}`, wanted });
  };
  const type: unknown = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if (typeof type !== "string" || !Object.hasOwn(schemas, type)) {
    return refuse(type === undefined ? "no event" : `event type ${JSON.stringify(type)}`, Object.keys(schemas).join(", "));
  }
  const result = v.safeParse(schemas[type as RunEvent["type"]], value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  const where = path === null ? `the ${type} event` : `${type}.${path}`;
  return refuse(`${where} is ${issue.received}`, issue.expected ?? issue.message);
}

function jsonOf(bytes: Uint8Array, { file, line, offset }: LinePlace): Json {
  if (bytes.length > MOST_LINE_BYTES)
    throw new FormatError({ file, offset, found: `${bytes.length} bytes in line ${line}`, wanted: `at most ${MOST_LINE_BYTES}` });
  try {
    return plainJson(parseStrictJson(bytes, { file, at: offset }));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError({ file, offset: Math.max(offset, error.offset), found: `${error.found} in line ${line}`, wanted: error.wanted });
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

export interface Lines<T> {
  readonly entries: readonly T[];
  /** The number of a last line that was cut short and left out. */
  readonly truncatedLine?: number;
}

/** Reads a file of one JSON value a line; blank lines count for nothing. Throws FormatError at the first bad line. */
export function parseLines<T>(bytes: Uint8Array, file: string, entryOf: (value: Json, place: LinePlace) => T): Lines<T> {
  const entries: T[] = [];
  let line = 1;
  let offset = 0;
  for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, offset)) {
    const place = { file, line, offset };
    const text = bytes.subarray(offset, end);
    if (!isBlank(text)) entries.push(entryOf(jsonOf(text, place), place));
    offset = end + 1;
    line++;
  }
  // Bytes that end in a line's end leave nothing; anything else there is a line cut short.
  const rest = bytes.subarray(offset);
  if (isBlank(rest)) return { entries };
  const place = { file, line, offset };
  let value: Json;
  try {
    value = jsonOf(rest, place);
  } catch (error) {
    if (error instanceof FormatError) return { entries, truncatedLine: line };
    throw error;
  }
  // A whole value whose line's end alone is missing still counts.
  return { entries: [...entries, entryOf(value, place)] };
}

export interface Log {
  readonly events: readonly RunEvent[];
  /** The number of a last line that was cut short and left out. */
  readonly truncatedLine?: number;
}

/** Reads a log's bytes or text. Throws FormatError at the first bad line. */
export function parseLog(log: Uint8Array | string, file: string): Log {
  const { entries, ...rest } = parseLines(typeof log === "string" ? new TextEncoder().encode(log) : log, file, eventOf);
  return { events: entries, ...rest };
}
