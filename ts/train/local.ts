// Training on the calling thread: no worker, no shared memory needed. The same bits as a team's, and like a team's a step that fails
// changes nothing.
import type { Module, Variable } from "../nn/index.ts";
import { clipScale, gradNorm, type ModelEma, type Optimizer } from "../optim/index.ts";
import { rawOf, toBatch, type RawBatch } from "./batch.ts";
import { Draft } from "./draft.ts";
import { dropGradients, settle } from "./gradients.ts";
import { firstOrigin, OriginFinder, type Origin } from "./locate.ts";
import { isLocated, Lookout, type Sighting } from "./lookout.ts";
import { NonFiniteError, nonFiniteOf } from "./nonfinite.ts";
import type { AnyBatch, EvaluateSettings, Evaluation, Pool, StepResult, StepSettings } from "./pool.ts";
import type { Program } from "./program.ts";
import { Replica, type ReplicaOptions } from "./replica.ts";
import { Tracer, type StepTrace } from "./trace.ts";

function traceGradients(tracer: Tracer, parameters: readonly Variable[]): StepTrace {
  tracer.noteParts(parameters);
  for (const parameter of parameters) {
    settle(parameter);
    if (parameter.grad !== null) tracer.noteSum(parameter, parameter.grad.buffer);
  }
  return tracer.trace(parameters);
}

/** What a step computed, not committed yet. */
interface Attempt {
  readonly result: StepResult;
  readonly sighting: Sighting | null;
}

/** Trains a program on the calling thread. */
export class LocalPool implements Pool {
  readonly workers = 0;
  private readonly replica: Replica;
  private readonly draft: Draft;
  private readonly lookout: Lookout;

  constructor(program: Program, options: ReplicaOptions = {}) {
    this.replica = new Replica(program, options);
    this.draft = new Draft(this.replica);
    this.lookout = new Lookout(this.replica);
  }

  get model(): Module {
    return this.replica.model;
  }

  get optimizer(): Optimizer {
    return this.replica.optimizer;
  }

  get ema(): ModelEma | null {
    return this.replica.ema;
  }

  private get parameters(): Variable[] {
    return this.optimizer.slots.map(({ variable }) => variable);
  }

  // Async, so that a team can stand in its place.
  async step(given: AnyBatch | readonly AnyBatch[], settings: StepSettings = {}): Promise<StepResult> {
    const batches = (Array.isArray(given) ? (given as readonly AnyBatch[]) : [given as AnyBatch]).map(rawOf);
    const { optimizer, draft } = this;
    const { lr = optimizer.lr, onNonFinite = "stop" } = settings;
    const undo = this.begin();
    try {
      optimizer.lr = lr;
      const { result, sighting } = this.attempt(batches, settings);
      if (sighting === null) {
        draft.commit();
        return result;
      }
      undo();
      const origin = isLocated(sighting) ? this.locate(batches, sighting) : null;
      const nonFinite = nonFiniteOf(this.replica, sighting, { batches, learningRate: lr, origin });
      if (onNonFinite === "stop") throw new NonFiniteError(nonFinite);
      const { loss, correct, size } = result;
      return { loss, correct, size, observations: [], skipped: true, nonFinite };
    } catch (error) {
      undo();
      throw error;
    } finally {
      draft.end();
      const { program, model, options } = this.replica;
      program.prepare(model, null, options);
    }
  }

  /** Begins a step; what it returns makes it undone. */
  private begin(): () => void {
    const { optimizer, draft, lookout } = this;
    const { lr, steps, slots } = optimizer;
    const counts = slots.map((slot) => slot.steps);
    draft.begin();
    return () => {
      optimizer.lr = lr;
      optimizer.steps = steps;
      slots.forEach((slot, index) => (slot.steps = counts[index]));
      lookout.take();
      this.clear();
    };
  }

  /** Leaves neither gradients nor measurements of a step that is not committed. */
  private clear(): void {
    const { replica, parameters } = this;
    dropGradients(parameters);
    try {
      replica.program.observations(replica.model);
    } catch {
      // What keeps the step from being made is told already.
    }
  }

  private attempt(batches: readonly RawBatch[], { clipGrad, gradNorm: wantsNorm = false, trace }: StepSettings): Attempt {
    const { replica, lookout, parameters } = this;
    const tracer = trace === undefined ? null : new Tracer(replica.model, trace);
    let loss = 0;
    let correct = 0;
    let size = 0;
    for (const [index, batch] of batches.entries()) {
      const part = replica.learn(toBatch(batch, { apart: trace?.level === "shard" }), 1 / batches.length, tracer);
      lookout.loss(index, part.loss);
      loss += part.loss;
      correct += part.correct;
      size += batch.size;
    }
    const traced = tracer === null ? undefined : traceGradients(tracer, parameters);
    for (const parameter of parameters)
      if (!parameter.frozen && parameter.grad !== null) lookout.gradient(parameter, 0, parameter.grad.buffer, parameter.size);
    const norm = wantsNorm || clipGrad !== undefined ? gradNorm(parameters) : undefined;
    const isClipped = norm !== undefined && clipGrad !== undefined;
    if (isClipped) lookout.norm(norm);
    this.update(isClipped ? clipScale(norm, clipGrad) : 1);
    const result = {
      loss: loss / batches.length,
      correct,
      size,
      ...(norm !== undefined && { gradNorm: norm }),
      observations: replica.program.observations(replica.model),
      ...(traced && { trace: traced }),
    };
    return { result, sighting: lookout.take() };
  }

  /** Writes the next values, and looks at all of them. */
  private update(gradientScale: number): void {
    const { optimizer, ema, draft, lookout } = this;
    const updated = optimizer.slots.filter(({ variable }) => !variable.frozen && variable.grad !== null);
    optimizer.step({ gradientScale });
    for (const { variable, state } of updated) for (const each of [variable, ...state]) each.written = true;
    ema?.update();
    for (const { average } of ema?.averages ?? []) average.written = true;
    for (const variable of draft.written) lookout.value(variable);
  }

  private locate(batches: readonly RawBatch[], { name }: Sighting): Origin | null {
    const { replica, optimizer } = this;
    const finder = new OriginFinder(replica.model, optimizer.backend);
    try {
      for (const batch of batches) replica.learn(toBatch(batch, { apart: true }), 1 / batches.length, finder);
      return firstOrigin([finder.origins(name)]);
    } finally {
      finder.dispose();
      this.clear();
    }
  }

  async evaluate(batch: AnyBatch, settings: EvaluateSettings = {}): Promise<Evaluation> {
    return this.replica.evaluate(toBatch(rawOf(batch)), settings);
  }

  async close(): Promise<void> {
    this.draft.dispose();
    this.lookout.dispose();
    this.replica.dispose();
  }
}
