// The state of a run as a checkpoint, and back. Weights and running statistics have the model's keys and PyTorch's layouts, so that
// the file serves as a state dict; optimizer state is under `optimizer.<name>.<key>`, averages under `ema.<key>`.
import { CONTRACT } from "../contract.ts";
import { readState, writeState, type StateDict, type StateEntry, type Variable } from "../nn/index.ts";
import type { Checkpoint } from "./checkpoint-format.ts";
import type { JsonObject } from "./events.ts";
import type { Pool } from "./pool.ts";

/** Where a run stands. */
export interface Position {
  /** Epochs done. */
  readonly epoch: number;
  /** Batches done in the epoch under way. */
  readonly batch: number;
  /** Batches done in all. */
  readonly step: number;
}

type Trained = Pick<Pool, "model" | "optimizer" | "ema">;

/** Model entries over other variables of the same shapes. */
function beside(entries: readonly StateEntry[], prefix: string, other: ReadonlyMap<Variable, Variable>): StateEntry[] {
  return entries.flatMap((entry) => {
    const variable = other.get(entry.variable);
    return variable ? [{ ...entry, key: `${prefix}.${entry.key}`, variable }] : [];
  });
}

function entriesOf({ model, optimizer, ema }: Trained): StateEntry[] {
  const own = model.entries();
  const states = optimizer.stateNames.flatMap((name, index) =>
    beside(own, `optimizer.${name}`, new Map(optimizer.slots.map(({ variable, state }) => [variable, state[index]]))),
  );
  const averages = ema ? beside(own, "ema", new Map(ema.averages.map(({ variable, average }) => [variable, average]))) : [];
  return [...own, ...states, ...averages];
}

/** How often each parameter was updated. */
function stepsByKey({ model, optimizer }: Trained): [key: string, steps: number][] {
  const keys = new Map(model.namedParameters().map(([key, variable]) => [variable, key]));
  return optimizer.slots.map(({ variable, steps }) => [keys.get(variable) ?? "", steps]);
}

/** Everything that a run needs to go on to the same bits. */
export function captureState(pool: Trained, position: Position, about: JsonObject = {}): Checkpoint {
  const tensors = Object.entries(readState(entriesOf(pool))).map(
    ([key, { shape, values }]) => [key, { shape: [...shape], values: Float32Array.from(values) }] as const,
  );
  const { steps } = pool.optimizer;
  const slotSteps = Object.fromEntries(stepsByKey(pool).filter(([, own]) => own !== steps));
  return { tensors: new Map(tensors), state: { ...about, ...position, optimizerSteps: steps, slotSteps, contract: CONTRACT } };
}

function number(state: JsonObject, key: string): number {
  const value = state[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new Error(`checkpoint: ${key} is ${JSON.stringify(value)}, wanted a whole number of at least 0`);
  return value;
}

/** Puts a run where a checkpoint left it. Errors: a checkpoint of another model, optimizer or averaging; nothing is changed then. */
export function restoreState(pool: Trained, { tensors, state }: Checkpoint): Position {
  const dict: StateDict = {};
  for (const [key, { shape, values }] of tensors) {
    if (!(values instanceof Float32Array)) throw new Error(`checkpoint: ${key} is no float32 tensor, wanted one`);
    dict[key] = { shape, values };
  }
  const position = { epoch: number(state, "epoch"), batch: number(state, "batch"), step: number(state, "step") };
  const steps = number(state, "optimizerSteps");
  // Only parameters that were updated less often are told; early checkpoints tell of none.
  const { slotSteps = {} } = state;
  if (typeof slotSteps !== "object" || slotSteps === null || Array.isArray(slotSteps))
    throw new Error(`checkpoint: slotSteps is ${JSON.stringify(slotSteps)}, wanted numbers by parameter`);
  const own = slotSteps as JsonObject;
  const counts = stepsByKey(pool).map(([key]) => (Object.hasOwn(own, key) ? number(own, key) : steps));
  writeState(entriesOf(pool), dict, { strict: true });
  pool.optimizer.steps = steps;
  pool.optimizer.slots.forEach((slot, index) => (slot.steps = counts[index]));
  return position;
}
