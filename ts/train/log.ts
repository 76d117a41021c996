// log.jsonl: one event a line, written and read back. A line that is no event is refused with file and line;
// a last line cut short, as a killed process leaves it, is left out and told.
import * as v from "valibot";
import type {
  BlockDiagnostics,
  CheckpointEvent,
  DiagnosticsEvent,
  EvaluateEvent,
  Json,
  JsonObject,
  Machine,
  RunEndEvent,
  RunEvent,
  RunStartEvent,
  SamplesEvent,
  StepEvent,
} from "./events.ts";

/** A log line that is no event. Message: `<file>:<line>: <found>, wanted <wanted>`. */
export class LogError extends Error {
  readonly file: string;
  readonly line: number;

  constructor(file: string, line: number, found: string, wanted: string) {
    super(`${file}:${line}: ${found}, wanted ${wanted}`);
    this.name = "LogError";
    this.file = file;
    this.line = line;
  }
}

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
    predictions: v.array(count),
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

/** Checks that a value is an event; `file` and `line` are for the error. */
export function parseEvent(value: unknown, file: string, line: number): RunEvent {
  const type: unknown = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if (typeof type !== "string" || !Object.hasOwn(schemas, type)) {
    throw new LogError(file, line, type === undefined ? "no event" : `event type ${JSON.stringify(type)}`, Object.keys(schemas).join(", "));
  }
  const result = v.safeParse(schemas[type as RunEvent["type"]], value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  const where = path === null ? `the ${type} event` : `${type}.${path}`;
  throw new LogError(file, line, `${where} is ${issue.received}`, issue.expected ?? issue.message);
}

export interface Log {
  readonly events: readonly RunEvent[];
  /** The number of a last line that was cut short and left out. */
  readonly truncatedLine?: number;
}

/** Reads a log's text. Throws LogError at the first bad line. */
export function parseLog(text: string, file: string): Log {
  const lines = text.split("\n");
  // Text that ends in a line's end leaves one empty piece; anything else there is a line cut short.
  const rest = lines.pop() ?? "";
  const events = lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    const value = parseJson(line);
    if (value === undefined) throw new LogError(file, index + 1, "no JSON", "one event a line");
    return [parseEvent(value, file, index + 1)];
  });
  if (rest.trim() === "") return { events };
  // A whole event whose line's end alone is missing still counts.
  const value = parseJson(rest);
  if (value === undefined) return { events, truncatedLine: lines.length + 1 };
  return { events: [...events, parseEvent(value, file, lines.length + 1)] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
