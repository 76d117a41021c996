// What a worker does in one training step: forward and backward of its shards, then its share of the update. Every worker sums and
// updates whole blocks of parameters; which ones does not matter to any bit.
import type { ModelEma, Optimizer, Slot } from "../ts/optim/index.ts";
import { BLOCK, blockSquares, clipScale, normOf } from "../ts/optim/index.ts";
import type { Buffer, WasmBackend } from "../ts/backend/index.ts";
import { ema as emaKernel } from "../ts/kernels/update.ts";
import type { Replica } from "../ts/train/index.ts";
import type { GradientSums, readTables } from "./gradients.ts";
import type { Barrier } from "./barrier.ts";

type Contributions = ReturnType<typeof readTables>;

/** A block of one parameter. */
interface Unit {
  readonly parameter: number;
  readonly slot: Slot;
  readonly from: number;
  readonly length: number;
  /** Number among all blocks. */
  readonly block: number;
}

function unitsOf(optimizer: Optimizer): Unit[] {
  const units: Unit[] = [];
  optimizer.slots.forEach((slot, parameter) => {
    for (let from = 0; from < slot.variable.size; from += BLOCK)
      units.push({ parameter, slot, from, length: Math.min(BLOCK, slot.variable.size - from), block: units.length });
  });
  return units;
}

/** Blocks of all parameters of an optimizer. */
export function blockCount(optimizer: Optimizer): number {
  return unitsOf(optimizer).length;
}

/** A worker's units: runs of about equally many elements. */
function shareOf(units: readonly Unit[], worker: number, workers: number): Unit[] {
  const total = units.reduce((sum, { length }) => sum + length, 0);
  let before = 0;
  return units.filter(({ length }) => {
    const owner = Math.min(workers - 1, Math.floor((before * workers) / total));
    before += length;
    return owner === worker;
  });
}

export interface UpdateSettings {
  readonly worker: number;
  readonly workers: number;
  readonly clipGrad: number | null;
  readonly gradNorm: boolean;
  /** Squares of all blocks, in shared memory. */
  readonly squares: number;
}

/** Sums gradients and writes the next values of this worker's share. Returns the norm of the gradient where asked for. */
export function update(
  backend: WasmBackend,
  replica: Replica,
  contributions: Contributions,
  sums: GradientSums,
  barrier: Barrier,
  { worker, workers, clipGrad, gradNorm, squares }: UpdateSettings,
): number | null {
  const { optimizer } = replica;
  const all = unitsOf(optimizer);
  const own = shareOf(all, worker, workers);
  const summed = (unit: Unit): ReturnType<GradientSums["sum"]> =>
    unit.slot.variable.frozen ? null : sums.sum(contributions[unit.parameter], unit.from, unit.length);
  const apply = (unit: Unit, gradient: ReturnType<GradientSums["sum"]>, scale: number): void => {
    const { slot, from, length } = unit;
    if (gradient === null) carry(backend, [slot.variable, ...slot.state], from, length);
    else optimizer.update(slot, from, length, gradient.buffer, scale);
  };
  let norm: number | null = null;
  if (clipGrad === null && !gradNorm) {
    for (const unit of own) {
      const gradient = summed(unit);
      apply(unit, gradient, 1);
      gradient?.release();
    }
  } else {
    const held = own.map((unit) => ({ unit, gradient: summed(unit) }));
    for (const { unit, gradient } of held)
      backend.write(backend.at(squares + 4 * unit.block, 1), [gradient ? blockSquares(backend, gradient.buffer, unit.length) : 0]);
    barrier.wait();
    norm = normOf(backend.values(backend.at(squares, all.length)));
    const scale = clipGrad === null ? 1 : clipScale(norm, clipGrad);
    for (const { unit, gradient } of held) {
      apply(unit, gradient, scale);
      gradient?.release();
    }
  }
  if (replica.ema) average(backend, replica.ema, own);
  if (worker === 0) settleState(backend, replica);
  return norm;
}

interface Copied {
  readonly buffer: Buffer;
  readonly next: Buffer | null;
}

/** Takes values over unchanged. */
function carry(backend: WasmBackend, variables: readonly Copied[], from: number, length: number): void {
  for (const { buffer, next } of variables) if (next) backend.copy(backend.view(buffer, from, length), backend.view(next, from, length));
}

/** Averages of the parameters in this worker's units. */
function average(backend: WasmBackend, { averages, decay }: ModelEma, units: readonly Unit[]): void {
  const byVariable = new Map(averages.map(({ variable, average: own }) => [variable, own]));
  for (const { slot, from, length } of units) {
    const own = byVariable.get(slot.variable);
    if (!own) continue;
    const part = (buffer: Copied["buffer"]): Copied["buffer"] => backend.view(buffer, from, length);
    backend.run(emaKernel, { average: part(own.buffer), w: part(slot.variable.next!), out: part(own.next!) }, { length, decay });
  }
}

/** Everything that no unit covers: running statistics and what the optimizer does not train, and their averages. */
function settleState(backend: WasmBackend, { model, optimizer, ema }: Replica): void {
  const trained = new Set(optimizer.slots.map(({ variable }) => variable));
  for (const [, variable] of model.namedVariables()) {
    if (trained.has(variable)) continue;
    if (!variable.written) carry(backend, [variable], 0, variable.size);
    const own = ema?.averages.find((entry) => entry.variable === variable)?.average;
    if (own)
      backend.run(emaKernel, { average: own.buffer, w: variable.next!, out: own.next! }, { length: variable.size, decay: ema!.decay });
  }
}
