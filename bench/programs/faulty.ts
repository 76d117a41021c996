// The net that the bench of faults trains. With the option `bare` its worker threads do without what faults need (two copies of all that
// changes, looks for aborts and for late threads at barriers); where the file that `hang` names is there, the last worker hangs, once.
import { rmSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { crossEntropy } from "../../ts/autograd/index.ts";
import type { ResNetV2 } from "../../ts/models/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import type { Batch, JsonObject, LossAndLogits } from "../../ts/train/index.ts";
import { Barrier } from "../../workers/barrier.ts";
import { CONTROL } from "../../workers/protocol.ts";
import { Store } from "../../workers/store.ts";
import * as resnet from "./resnet.ts";

export { createOptimizer, observations } from "./resnet.ts";

interface InsideStore {
  readonly variables: readonly { readonly variable: { bind(buffer: unknown, next: unknown): void }; readonly copies: readonly unknown[] }[];
}

interface InsideBarrier {
  readonly words: Int32Array;
  readonly parties: number;
}

/** Binds variables to one copy alone: values are written over those that they come from. */
export function bindInPlace(this: InsideStore): void {
  for (const { variable, copies } of this.variables) variable.bind(copies[0], copies[0]);
}

function waitBare(this: InsideBarrier): void {
  const { words, parties } = this;
  if (parties === 1) return;
  const generation = Atomics.load(words, CONTROL.generation);
  if (Atomics.add(words, CONTROL.arrived, 1) + 1 === parties) {
    Atomics.store(words, CONTROL.arrived, 0);
    Atomics.add(words, CONTROL.generation, 1);
    Atomics.notify(words, CONTROL.generation);
    return;
  }
  for (let look = 0; look < 200; look++) if (Atomics.load(words, CONTROL.generation) !== generation) return;
  while (Atomics.load(words, CONTROL.generation) === generation) Atomics.wait(words, CONTROL.generation, generation);
}

export function createModel(options: JsonObject): Module {
  if (options["bare"] === true && !isMainThread) {
    Object.defineProperty(Store.prototype, "bind", { value: bindInPlace });
    Object.defineProperty(Barrier.prototype, "wait", { value: waitBare });
  }
  return resnet.createModel(options);
}

/** Whether the file was there; it is not any more. */
function isTaken(file: string): boolean {
  try {
    rmSync(file);
    return true;
  } catch {
    return false;
  }
}

export function loss(model: Module, batch: Batch, { hang }: JsonObject): LossAndLogits {
  const { last, shards } = batch.slice;
  if (typeof hang === "string" && last === shards && !isMainThread && isTaken(hang))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  const logits = (model as ResNetV2).forward(batch.images);
  return { loss: crossEntropy(logits, batch.labels), logits };
}
