// Joins a stream and a branch of given values by a skip, in float64.
import { noGrad, scope, tensor, wholeBatch, withBackend, type Shape } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/reference.ts";
import { initialize, Module } from "../../../ts/nn/index.ts";
import type { BlockSite, Skip, SkipKind } from "../../../ts/models/index.ts";
import { normals } from "../../autograd/normals.ts";

export interface JoinOptions {
  readonly shape?: Shape;
  readonly site?: Partial<BlockSite>;
  readonly training?: boolean;
  readonly step?: number;
  readonly shards?: number;
  /** The model's seed. */
  readonly seed?: number;
  /** Values of the skip's parameters, by key. */
  readonly parameters?: Readonly<Record<string, ArrayLike<number>>>;
}

/** Values that are no special ones. */
export function deviates(seed: number, size: number): Float64Array {
  return Float64Array.from({ length: size }, normals(seed));
}

/** A module around a skip, as a unit is one. */
class Unit extends Module {
  readonly skip: Skip;

  constructor(skip: Skip) {
    super();
    this.skip = skip;
  }
}

export interface Joiner {
  join(x: ArrayLike<number>, f: ArrayLike<number>, options?: Pick<JoinOptions, "shape" | "training" | "step" | "shards">): number[];
  /** Times that the branch was asked for. */
  calls(): number;
  readonly unit: Module;
}

/** A skip of one block, for `work`. */
export function withSkip<T>(
  kind: SkipKind,
  { site = {}, seed = 0, parameters = {}, ...usual }: JoinOptions,
  work: (joiner: Joiner) => T,
): T {
  const backend = createReferenceBackend();
  return withBackend(backend, () => {
    const width = usual.shape?.at(-1) ?? 5;
    const skip = kind.at({ index: 0, depth: 4, width, ...site });
    const unit = initialize(new Unit(skip), { seed });
    for (const [key, variable] of unit.namedVariables()) if (parameters[key] !== undefined) backend.write(variable.buffer, parameters[key]);
    let calls = 0;
    const join: Joiner["join"] = (x, f, own = {}) =>
      scope(() =>
        noGrad(() => {
          const { shape = [2, 2, 3, 5], training = true, step = 0, shards = 1 } = { ...usual, ...own };
          unit.train(training);
          const [stream, branch] = [tensor(Float64Array.from(x), shape), tensor(Float64Array.from(f), shape)];
          stream.batch = branch.batch = wholeBatch(shape[0], { step, shards });
          const called = (): typeof branch => {
            calls++;
            return branch;
          };
          return Array.from(skip.join(stream, called, { training, input: stream }).toArray());
        }),
      );
    return work({ join, calls: () => calls, unit });
  });
}

/** The stream after one block. */
export function joined(kind: SkipKind, x: ArrayLike<number>, f: ArrayLike<number>, options: JoinOptions = {}): number[] {
  return withSkip(kind, options, ({ join }) => join(x, f));
}

/** f's parts along and across x, row by row. */
export function partsOf(
  x: ArrayLike<number>,
  f: ArrayLike<number>,
  columns: number,
  eps = 1e-6,
): { readonly along: number[]; readonly across: number[] } {
  const along: number[] = [];
  for (let row = 0; row < x.length; row += columns) {
    let [xx, xf] = [0, 0];
    for (let at = row; at < row + columns; at++) {
      xx += x[at] * x[at];
      xf += x[at] * f[at];
    }
    for (let at = row; at < row + columns; at++) along.push((xf / (xx + eps)) * x[at]);
  }
  return { along, across: along.map((value, at) => f[at] - value) };
}

/** The largest difference. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let at = 0; at < a.length; at++) most = Math.max(most, Math.abs(a[at] - b[at]));
  return most;
}
