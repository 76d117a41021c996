// A worker's share of the update: whole blocks of parameters, the same each step. Which ones does not matter to any bit.
import type { ModelEma, Optimizer, Slot } from "../ts/optim/index.ts";
import { BLOCK, blockSquares, clipScale, normOf } from "../ts/optim/index.ts";
import type { Buffer, WasmBackend } from "../ts/backend/index.ts";
import { ema as emaKernel } from "../ts/kernels/update.ts";
import type { Variable } from "../ts/nn/index.ts";
import type { Replica } from "../ts/train/index.ts";
import type { Lookout } from "../ts/train/lookout.ts";
import type { Contribution, GradientSums } from "./gradients.ts";
import type { Barrier } from "./barrier.ts";

/** A block of one parameter. */
interface Unit {
  readonly parameter: number;
  readonly slot: Slot;
  /** The parameter's average, where averages are kept. */
  readonly average: Variable | undefined;
  readonly from: number;
  readonly length: number;
  /** Number among all blocks. */
  readonly block: number;
}

type Averages = ReadonlyMap<Variable, Variable>;

function averagesOf(ema: ModelEma | null): Averages {
  return new Map(ema?.averages.map(({ variable, average }) => [variable, average]));
}

function unitsOf({ slots }: Optimizer, averages: Averages): Unit[] {
  const units: Unit[] = [];
  slots.forEach((slot, parameter) => {
    const average = averages.get(slot.variable);
    for (let from = 0; from < slot.variable.size; from += BLOCK)
      units.push({ parameter, slot, average, from, length: Math.min(BLOCK, slot.variable.size - from), block: units.length });
  });
  return units;
}

/** Blocks of all parameters of an optimizer. */
export function blockCount({ slots }: Optimizer): number {
  return slots.reduce((sum, { variable }) => sum + Math.ceil(variable.size / BLOCK), 0);
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
  readonly clipGrad: number | null;
  readonly gradNorm: boolean;
  /** Squares of all blocks, in shared memory. */
  readonly squares: number;
  /** Looks at gradients and at all that is written. */
  readonly lookout: Lookout;
}

export class Share {
  private readonly backend: WasmBackend;
  private readonly optimizer: Optimizer;
  private readonly decay: number;
  private readonly units: readonly Unit[];
  /** What no unit covers: running statistics and what the optimizer does not train. The first worker sees to it. */
  private readonly rest: readonly { readonly variable: Variable; readonly average: Variable | undefined }[];

  constructor(backend: WasmBackend, { model, optimizer, ema }: Replica, worker: number, workers: number) {
    const averages = averagesOf(ema);
    const trained = new Set(optimizer.slots.map(({ variable }) => variable));
    const others = model.namedVariables().flatMap(([, variable]) => (trained.has(variable) ? [] : [variable]));
    this.backend = backend;
    this.optimizer = optimizer;
    this.decay = ema?.decay ?? 0;
    this.units = shareOf(unitsOf(optimizer, averages), worker, workers);
    this.rest = worker === 0 ? others.map((variable) => ({ variable, average: averages.get(variable) })) : [];
  }

  /** Sums gradients and writes the next values. Returns the norm of the gradient where asked for. */
  update(
    contributions: readonly (readonly Contribution[])[],
    sums: GradientSums,
    barrier: Barrier,
    { clipGrad, gradNorm, squares, lookout }: UpdateSettings,
  ): number | null {
    const { backend, optimizer, units } = this;
    const summed = ({ slot, parameter, from, length }: Unit): ReturnType<GradientSums["sum"]> => {
      const sum = slot.variable.frozen ? null : sums.sum(contributions[parameter], from, length);
      if (sum !== null) lookout.gradient(slot.variable, from, sum.buffer, length);
      return sum;
    };
    const apply = (unit: Unit, gradient: ReturnType<GradientSums["sum"]>, scale: number): void => {
      const { slot, average, from, length } = unit;
      const variables = [slot.variable, ...slot.state];
      if (gradient === null) for (const variable of variables) this.carry(variable, from, length);
      else {
        optimizer.update(slot, from, length, gradient.buffer, scale);
        for (const variable of variables) lookout.value(variable, from, length);
      }
      if (average) {
        this.average(slot.variable, average, from, length);
        lookout.value(average, from, length);
      }
      gradient?.release();
    };
    let norm: number | null = null;
    if (clipGrad === null && !gradNorm) for (const unit of units) apply(unit, summed(unit), 1);
    else {
      const held = units.map((unit) => ({ unit, gradient: summed(unit) }));
      for (const { unit, gradient } of held)
        backend.write(backend.at(squares + 4 * unit.block, 1), [gradient ? blockSquares(backend, gradient.buffer, unit.length) : 0]);
      barrier.wait();
      norm = normOf(backend.values(backend.at(squares, blockCount(optimizer))));
      if (clipGrad !== null) lookout.norm(norm);
      const scale = clipGrad === null ? 1 : clipScale(norm, clipGrad);
      for (const { unit, gradient } of held) apply(unit, gradient, scale);
    }
    for (const { variable, average } of this.rest) {
      if (variable.written) lookout.value(variable);
      else this.carry(variable, 0, variable.size);
      if (!average) continue;
      this.average(variable, average, 0, variable.size);
      lookout.value(average);
    }
    return norm;
  }

  /** Takes values over unchanged. */
  private carry({ buffer, next }: Variable, from: number, length: number): void {
    const { backend } = this;
    backend.copy(backend.view(buffer, from, length), backend.view(next!, from, length));
  }

  private average(variable: Variable, { buffer, next }: Variable, from: number, length: number): void {
    const { backend, decay } = this;
    const part = (whole: Buffer): Buffer => backend.view(whole, from, length);
    backend.run(emaKernel, { average: part(buffer), w: part(variable.next!), out: part(next!) }, { length, decay });
  }
}
