// Where a step first comes to a number that is not finite: the step is computed once more, and every operation's result is looked at,
// shard by shard. Threads look at what they hold; together that is the same for any number of them.
import { ShardSum, shardStart, sliceStart, watched, type Backend, type Buffer, type Tensor } from "../autograd/index.ts";
import type { Module, Variable } from "../nn/index.ts";
import { FiniteCheck } from "../optim/finite-check.ts";
import { LayerNames, layerOf } from "./trace.ts";

/** The operation of the forward pass that gives it, or the gradient that shards give to. */
export interface Origin {
  /** Number of the operation in the step; -1 for a gradient. */
  readonly index: number;
  /** Null for a gradient. */
  readonly op: string | null;
  readonly layer: string;
  /** Shards that have it, none where it comes of adding them up; null where all threads have the same value. */
  readonly shards: readonly number[] | null;
  /** Null for a gradient. */
  readonly value: number | null;
}

/** What one thread finds. */
export interface Origins {
  readonly forward: Origin | null;
  readonly gradient: Origin | null;
}

/** Looks on at one thread's forward pass. */
export class OriginFinder {
  private readonly layers: LayerNames;
  private readonly variables: ReadonlyMap<string, Variable>;
  private readonly check: FiniteCheck;
  private operations = 0;
  private forward: Origin | null = null;

  constructor(model: Module, backend: Backend) {
    this.layers = new LayerNames(model);
    this.variables = new Map(model.namedVariables());
    this.check = new FiniteCheck(backend);
  }

  /** Runs a forward pass. */
  watch<T>(work: () => T): T {
    return watched((op, result, inputs) => this.note(op, result, inputs), work);
  }

  private note(op: string, { backend, buffer, batch, size, shape }: Tensor, inputs: readonly (Tensor | null)[]): void {
    const index = this.operations++;
    const layer = this.layers.of(inputs);
    if (this.forward !== null) return;
    const all = this.check.first(buffer, size);
    if (all === null) return;
    const row = batch === null || shape[0] === 0 ? 0 : size / shape[0];
    const shards: number[] = [];
    for (let shard = batch?.first ?? 0; batch !== null && shard < batch.last; shard++) {
      const start = row * (shardStart(batch, shard) - sliceStart(batch));
      const length = row * (shardStart(batch, shard + 1) - shardStart(batch, shard));
      if (this.isBad(backend, buffer, start, length)) shards.push(shard);
    }
    this.forward = { index, op, layer, shards: batch === null ? null : shards, value: all.value };
  }

  private isBad(backend: Backend, buffer: Buffer, from: number, length: number): boolean {
    return length > 0 && this.check.first(backend.view(buffer, from, length), length) !== null;
  }

  /** What was found, and what shards held here give to the gradient of a parameter. */
  origins(key: string | null): Origins {
    const parameter = key === null ? undefined : this.variables.get(key);
    return { forward: this.forward, gradient: parameter && key !== null ? this.gradient(key, parameter) : null };
  }

  private gradient(key: string, { pending, grad, size }: Variable): Origin {
    const shards = new Set<number>();
    let isShared = false;
    const isBad = ({ buffer }: Tensor): boolean => this.check.first(buffer, size) !== null;
    for (const part of pending ?? (grad ? [grad] : [])) {
      if (!(part instanceof ShardSum)) isShared ||= isBad(part);
      else part.values.forEach((value, at) => value && isBad(value) && shards.add(part.slice.first + at));
    }
    const found = shards.size === 0 && isShared ? null : [...shards].sort((a, b) => a - b);
    return { index: -1, op: null, layer: layerOf(key), shards: found, value: null };
  }

  dispose(): void {
    this.check.dispose();
  }
}

/** One of what threads found of the same operation or gradient. */
function joined(origins: readonly Origin[]): Origin | null {
  if (origins.length === 0) return null;
  const index = Math.min(...origins.map((origin) => origin.index));
  const same = origins.filter((origin) => origin.index === index);
  const [first] = same;
  if (first.shards === null) return first;
  const shards = [...new Set(same.flatMap((origin) => origin.shards ?? []))].sort((a, b) => a - b);
  return { ...first, shards };
}

/** The first of what all threads found, in their order: in the forward pass, else in the gradient; null where there is none. */
export function firstOrigin(found: readonly Origins[]): Origin | null {
  return joined(found.flatMap(({ forward }) => forward ?? [])) ?? joined(found.flatMap(({ gradient }) => gradient ?? []));
}
