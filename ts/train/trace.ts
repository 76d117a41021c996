// What a step computed, as digests of its parts: results of the forward pass by operation and shard, gradients by parameter and shard.
// Two runs that part are compared by them to find where. Every thread traces what it holds; together that is the same for any number.
import { ShardSum, shardStart, sliceStart, watched, type Backend, type Buffer, type Tensor } from "../autograd/index.ts";
import type { Module, Variable } from "../nn/index.ts";
import { newHasher } from "../sha256.ts";
import { bytesOf, valuesOf } from "./memory-bytes.ts";

/** What is recorded of a step beside its digest: values and gradients by parameter; or also all that single shards give. */
export type TraceLevel = "layer" | "shard";

/** What somebody wants to see the values of. */
export type Place =
  | { readonly kind: "forward"; /** Number of the operation in the step. */ readonly index: number; readonly shard: number | null }
  | { readonly kind: "part"; readonly key: string; readonly contribution: number; readonly shard: number | null }
  | { readonly kind: "sum"; readonly key: string };

export interface TraceRequest {
  readonly level: TraceLevel;
  readonly show?: Place;
}

/** Digests of one value: a single one, which all threads have, or one a shard. */
export type Digests = string | readonly string[];

/** The result of an operation. */
export interface ForwardDigest {
  readonly op: string;
  /** The layer whose parameter it takes, or `after <layer>`. */
  readonly layer: string;
  readonly digests: Digests;
}

/** The gradient of a parameter. */
export interface GradientDigest {
  readonly key: string;
  /** All contributions in tape order. */
  readonly parts: readonly Digests[];
  /** Their sum; null where there is none, and in threads that leave it to another. */
  readonly sum: string | null;
}

export interface StepTrace {
  readonly forward: readonly ForwardDigest[];
  readonly gradients: readonly GradientDigest[];
  /** Values that were asked for; absent in threads that do not hold them. */
  readonly shown?: readonly number[];
}

/** First 16 digits of the SHA-256 of some bytes. */
export function shortDigest(bytes: Uint8Array): string {
  const hash = newHasher();
  hash.update(bytes);
  return hash.hex().slice(0, 16);
}

const EMPTY = "-";

/** Tells which layer an operation belongs to: that of the parameter it takes, or `after <layer>` for one that takes none. */
export class LayerNames {
  private readonly keys: ReadonlyMap<unknown, string>;
  private layer = "the input";

  constructor(model: Module) {
    this.keys = new Map<unknown, string>(model.namedVariables().map(([key, variable]) => [variable, key]));
  }

  /** The layer of the operation that comes next in the forward pass. */
  of(inputs: readonly (Tensor | null)[]): string {
    const key = inputs.map((input) => this.keys.get(input)).find((known) => known !== undefined);
    if (key === undefined) return `after ${this.layer}`;
    this.layer = layerOf(key);
    return this.layer;
  }
}

/** The layer of a parameter: its key without the last word. */
export function layerOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf("."))) || key;
}

/** One thread's trace of one step. */
export class Tracer {
  private readonly request: TraceRequest;
  private readonly keys: ReadonlyMap<unknown, string>;
  private readonly forward: ForwardDigest[] = [];
  private readonly parts = new Map<string, Digests[]>();
  private readonly sums = new Map<string, string>();
  private readonly layers: LayerNames;
  private shown: number[] | undefined;

  constructor(model: Module, request: TraceRequest) {
    this.request = request;
    this.keys = new Map<unknown, string>(model.namedVariables().map(([key, variable]) => [variable, key]));
    this.layers = new LayerNames(model);
  }

  private see(place: Place, backend: Backend, buffer: Buffer, from: number, length: number): void {
    const { show } = this.request;
    if (show === undefined || JSON.stringify(show) !== JSON.stringify(place)) return;
    this.shown = Array.from(valuesOf(backend, buffer, from, length));
  }

  /** Runs a forward pass. */
  watch<T>(work: () => T): T {
    if (this.request.level === "layer") return work();
    return watched((op, result, inputs) => this.note(op, result, inputs), work);
  }

  private note(op: string, result: Tensor, inputs: readonly (Tensor | null)[]): void {
    const { backend, buffer, batch, size, shape } = result;
    const layer = this.layers.of(inputs);
    const index = this.forward.length;
    const digestOf = (shard: number | null, from: number, length: number): string => {
      this.see({ kind: "forward", index, shard }, backend, buffer, from, length);
      return shortDigest(bytesOf(backend, buffer, from, length));
    };
    let digests: Digests;
    if (batch === null) digests = digestOf(null, 0, size);
    else {
      const row = shape[0] === 0 ? 0 : size / shape[0];
      const start = (shard: number): number => row * (shardStart(batch, shard) - sliceStart(batch));
      digests = Array.from({ length: batch.last - batch.first }, (_, at) => {
        const shard = batch.first + at;
        return digestOf(shard, start(shard), start(shard + 1) - start(shard));
      });
    }
    this.forward.push({ op, layer, digests });
  }

  /** Notes the contributions to gradients, while they are apart. */
  noteParts(parameters: readonly Variable[]): void {
    if (this.request.level === "layer") return;
    for (const parameter of parameters) {
      const key = this.keyOf(parameter);
      const { pending, grad, backend, size } = parameter;
      const list = pending ?? (grad === null ? [] : [grad]);
      this.parts.set(
        key,
        list.map((part, contribution): Digests => {
          const digestOf = (value: Tensor | null, shard: number | null): string => {
            if (value === null) return EMPTY;
            this.see({ kind: "part", key, contribution, shard }, backend, value.buffer, 0, size);
            return shortDigest(bytesOf(backend, value.buffer, 0, size));
          };
          return part instanceof ShardSum ? part.values.map((value, at) => digestOf(value, part.slice.first + at)) : digestOf(part, null);
        }),
      );
    }
  }

  /** Notes a parameter's finished gradient. */
  noteSum(parameter: Variable, buffer: Buffer): void {
    const key = this.keyOf(parameter);
    this.see({ kind: "sum", key }, parameter.backend, buffer, 0, parameter.size);
    this.sums.set(key, shortDigest(bytesOf(parameter.backend, buffer, 0, parameter.size)));
  }

  private keyOf(parameter: Variable): string {
    return this.keys.get(parameter) ?? "a parameter outside the model";
  }

  /** All of it, parameters in the model's order. */
  trace(parameters: readonly Variable[]): StepTrace {
    const trained = new Set<unknown>(parameters);
    const gradients = [...this.keys].flatMap(([variable, key]) =>
      trained.has(variable) ? [{ key, parts: this.parts.get(key) ?? [], sum: this.sums.get(key) ?? null }] : [],
    );
    return { forward: this.forward, gradients, ...(this.shown && { shown: this.shown }) };
  }
}

function joined(all: readonly Digests[]): Digests {
  const [first] = all;
  return typeof first === "string" ? first : all.flatMap((digests) => [...digests]);
}

/** The trace of the whole step from those of all threads, in their order. */
export function joinTraces(traces: readonly StepTrace[]): StepTrace {
  const [first] = traces;
  const shown = traces.map((trace) => trace.shown).find((values) => values !== undefined);
  return {
    forward: first.forward.map((entry, at) => ({ ...entry, digests: joined(traces.map(({ forward }) => forward[at].digests)) })),
    gradients: first.gradients.map(({ key, parts }, at) => ({
      key,
      parts: parts.map((_, part) => joined(traces.map(({ gradients }) => gradients[at].parts[part]))),
      sum: traces.map(({ gradients }) => gradients[at].sum).find((sum) => sum !== null) ?? null,
    })),
    ...(shown && { shown }),
  };
}
