// Mistakes that a team must not make, planted from outside by changing its classes, so that no build is needed: a check that does not
// fail then proves nothing. (Mistakes in kernels and in what has no class are planted in a copy of the sources, by test/long.)
import { emptyLike, shardStart, sliceStart, type Tensor } from "../../../ts/autograd/index.ts";
import { BatchNorm2d } from "../../../ts/nn/index.ts";
import { Barrier } from "../../../workers/barrier.ts";
import { GradientSums, type Contribution } from "../../../workers/gradients.ts";
import { CONTROL } from "../../../workers/protocol.ts";
import { Store } from "../../../workers/store.ts";
import { PiscinaThread } from "../../../workers/node/thread.ts";
import type { Loss } from "../../../workers/thread.ts";

type Method = (this: never, ...values: never[]) => unknown;

function replace<T extends object>(prototype: T, name: string, made: (own: Method) => Method): void {
  Object.defineProperty(prototype, name, { value: made((prototype as unknown as Record<string, Method>)[name]) });
}

/** Parts of a gradient change places with the time, as if they were added up in the order in which they come. */
function sumInOrderOfArrival(): void {
  const shuffled = (parts: Contribution["parts"]): Contribution["parts"] => {
    const present = parts.filter((address) => address);
    const by = Math.floor(performance.now() * 1000) % Math.max(1, present.length);
    present.push(...present.splice(0, by));
    return parts.map((address) => (address ? present.shift() : address));
  };
  replace(
    GradientSums.prototype,
    "sum",
    (own) =>
      function (this: GradientSums, list: readonly Contribution[], ...range: readonly number[]): unknown {
        return own.apply(this as never, [list.map((each) => ({ ...each, parts: shuffled(each.parts) })), ...range] as never);
      } as Method,
  );
}

/** Values are written over those that they come from. */
function updateInPlace(): void {
  interface Inside {
    readonly variables: readonly {
      readonly variable: { bind(buffer: unknown, next: unknown): void };
      readonly copies: readonly unknown[];
    }[];
  }
  replace(
    Store.prototype,
    "bind",
    () =>
      function (this: Inside): void {
        for (const { variable, copies } of this.variables) variable.bind(copies[0], copies[0]);
      } as Method,
  );
}

/** A worker that was given up is not ended. It counts as gone, and goes on with its step. */
function letLateOnesGo(): void {
  const leave = new WeakMap<object, (loss: Loss) => void>();
  replace(
    PiscinaThread.prototype,
    "settled",
    (own) =>
      function (this: { gone: Promise<Loss> }, ...values: never[]): unknown {
        if (!leave.has(this)) this.gone = Promise.race([this.gone, new Promise<Loss>((resolve) => leave.set(this, resolve))]);
        return own.apply(this as never, values);
      } as Method,
  );
  replace(
    PiscinaThread.prototype,
    "end",
    () =>
      function (this: object, loss: Loss): Promise<void> {
        leave.get(this)?.(loss);
        return Promise.resolve();
      } as Method,
  );
}

/** Nor is it refused where threads meet. */
function letLateOnesPass(): void {
  interface Inside {
    readonly ticket: number;
    readonly words: Int32Array;
  }
  replace(
    Barrier.prototype,
    "wait",
    (own) =>
      function (this: Inside): unknown {
        return Atomics.load(this.words, CONTROL.ticket) === this.ticket ? own.apply(this as never, []) : undefined;
      } as Method,
  );
}

/** Running statistics follow the last shard that the thread holds, not the batch. */
function statisticsOfOneShard(): void {
  let input: Tensor | null = null;
  replace(
    BatchNorm2d.prototype,
    "forward",
    (own) =>
      function (this: BatchNorm2d, x: Tensor): unknown {
        input = x;
        return own.apply(this as never, [x] as never);
      } as Method,
  );
  replace(
    BatchNorm2d.prototype,
    "update",
    (own) =>
      function (this: BatchNorm2d, statistics: Tensor, count: number): unknown {
        const { batch: slice } = input!;
        const c = statistics.shape[1];
        const from = (shardStart(slice!, slice!.last - 1) - sliceStart(slice!)) * (input!.size / input!.shape[0]);
        const values = input!.toArray().subarray(from);
        const rows = values.length / c;
        const means = new Float32Array(c);
        const squares = new Float32Array(c);
        values.forEach((value, index) => (means[index % c] += value / rows));
        values.forEach((value, index) => (squares[index % c] += (value - means[index % c]) ** 2 / rows));
        const found = emptyLike(statistics);
        found.backend.write(found.buffer, [...means, ...squares]);
        return own.apply(this as never, [found, count] as never);
      } as Method,
  );
}

const nothing = (): void => {};

export interface Plant {
  /** What is changed where the team is, and in each worker. */
  readonly team: () => void;
  readonly worker: () => void;
}

export const PLANTS: Readonly<Record<string, Plant>> = {
  "gradients are added up in the order in which they come": { team: nothing, worker: sumInOrderOfArrival },
  "weights are updated in place": { team: updateInPlace, worker: updateInPlace },
  "a worker that comes late is neither ended nor refused": { team: letLateOnesGo, worker: letLateOnesPass },
  "running statistics are those of one shard": { team: nothing, worker: statisticsOfOneShard },
};

function plantOf(name: string): Plant | null {
  if (name === "") return null;
  if (!Object.hasOwn(PLANTS, name)) throw new Error(`plants: no mistake "${name}", wanted one of ${Object.keys(PLANTS).join(", ")}`);
  return PLANTS[name];
}

export function plantInTeam(name: string): void {
  plantOf(name)?.team();
}

export function plantInWorker(name: string): void {
  plantOf(name)?.worker();
}
