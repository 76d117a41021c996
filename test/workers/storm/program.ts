// The small program of the tests, with faults in it: which, where and when the options say, each once. Points inside a step are reached by
// wrapping methods of the worker's own classes, so that nothing of it is in the product.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { BroadcastChannel, isMainThread, threadId } from "node:worker_threads";
import { currentBackend, defineOp, emptyLike, noGrad, type Tensor } from "../../../ts/autograd/index.ts";
import { observed, orthogonal, resnetV2, StreamRecorder, type ResNetV2, type SkipKind } from "../../../ts/models/index.ts";
import { Optimizer } from "../../../ts/optim/index.ts";
import { Replica, type Batch, type JsonObject } from "../../../ts/train/index.ts";
import { Barrier } from "../../../workers/barrier.ts";
import { GradientSums } from "../../../workers/gradients.ts";
import { LATE, type Kind, type Point, type StormOptions } from "./plan.ts";
import { plantInWorker } from "./plants.ts";

export { createOptimizer, loss } from "../program.ts";

const recorder = new StreamRecorder({ interval: 3 });

let { plan, marks, batchesPerStep }: Omit<StormOptions, "plant"> = { plan: [], marks: "", batchesPerStep: 1 };
const here = { worker: 0, workers: 1, step: -1, counts: new Map<Point, number>() };

/** Function f of no arguments, that is unreachable. */
const TRAP = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11];

function sleep(): never {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw new Error("storm: woke up");
}

const faults: { readonly [K in Kind]: (id: number) => void } = {
  exit: (id) => process.exit(id % 7),
  throw: (id) => {
    throw new Error(`storm: fault ${id}`);
  },
  uncaught: (id) =>
    queueMicrotask(() => {
      throw new Error(`storm: fault ${id} nobody catches`);
    }),
  trap: () => (new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(TRAP))).exports["f"] as () => void)(),
  memory: (id) => void (id % 2 === 0 ? new ArrayBuffer(2 ** 45) : currentBackend().allocate(2 ** 31)),
  terminate: () => {
    new BroadcastChannel("storm").postMessage(threadId);
    sleep();
  },
  hang: (id) => {
    if (id % 4 > 0) sleep();
    for (;;);
  },
  late: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LATE),
};

/** The first to come does it. */
function isFirst(id: number): boolean {
  try {
    mkdirSync(join(marks, String(id)));
    return true;
  } catch {
    return false;
  }
}

function pass(point: Point): void {
  const count = here.counts.get(point) ?? 0;
  here.counts.set(point, count + 1);
  for (const { id, step, worker, nth, kind, point: where } of plan)
    if (where === point && step === here.step && worker % here.workers === here.worker && nth === count && isFirst(id)) faults[kind](id);
}

/** Calls `before` and `after` around a method. */
function around<T extends object, K extends keyof T>(prototype: T, name: K, before: Point | null, after: Point | null = null): void {
  const own = prototype[name] as (...values: unknown[]) => unknown;
  const wrapped = function (this: unknown, ...values: unknown[]): unknown {
    if (before) pass(before);
    const result = own.apply(this, values);
    if (after) pass(after);
    return result;
  };
  Object.defineProperty(prototype, name, { value: wrapped });
}

if (!isMainThread) {
  around(Barrier.prototype, "wait", "before a barrier", "after a barrier");
  around(GradientSums.prototype, "sum", "between sums");
  around(Optimizer.prototype, "update", null, "between updates");
  const { begin } = Barrier.prototype;
  Object.defineProperty(Barrier.prototype, "begin", {
    value(this: Barrier, part: Parameters<Barrier["begin"]>[0]) {
      Object.assign(here, part, { counts: new Map() });
      begin.call(this, part);
    },
  });
  const { learn, evaluate } = Replica.prototype;
  const stepOf = (batch: Batch): number => Math.floor(batch.step / batchesPerStep);
  Object.defineProperty(Replica.prototype, "learn", {
    value(this: Replica, ...values: Parameters<Replica["learn"]>) {
      here.step = stepOf(values[0]);
      pass("before the forward pass");
      const result = learn.apply(this, values);
      pass("after the backward pass");
      return result;
    },
  });
  Object.defineProperty(Replica.prototype, "evaluate", {
    value(this: Replica, ...values: Parameters<Replica["evaluate"]>) {
      // It comes after the step.
      here.step = stepOf(values[0]) + 1;
      pass("in the evaluation");
      return evaluate.apply(this, values);
    },
  });
}

const tap = defineOp<readonly [Tensor], null>("storm_tap", {
  forward: ([x]) => {
    pass("in the forward pass");
    const y = emptyLike(x);
    x.backend.copy(x.buffer, y.buffer);
    return y;
  },
  vjp: (dy) => [
    () => {
      pass("in the backward pass");
      return noGrad(() => {
        const dx = emptyLike(dy);
        dy.backend.copy(dy.buffer, dx.buffer);
        return dx;
      });
    },
  ],
  samples: [],
});

function tapped(kind: SkipKind): SkipKind {
  return {
    label: kind.label,
    at: (site) => {
      const skip = kind.at(site);
      return { join: (stream, branch, context) => skip.join(stream, () => tap([branch()], null), context) };
    },
  };
}

export function createModel(options: JsonObject): ResNetV2 {
  ({ plan, marks, batchesPerStep } = options as unknown as StormOptions);
  if (!isMainThread) plantInWorker(String(options["plant"]));
  return resnetV2({ depth: 8, width: 4, skip: observed(tapped(orthogonal()), recorder), seed: 5 });
}

export function observations(): JsonObject[] {
  // The update is done, the answer is not on its way. Attempts that are given up come here, too.
  if (here.counts.has("between updates")) pass("before the answer");
  return recorder.drain().map((record) => ({ ...record }));
}
