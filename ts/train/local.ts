// Training on the calling thread: no worker, no shared memory needed. The same bits as a team's.
import { finish, keep, ShardSum } from "../autograd/index.ts";
import { addInto } from "../autograd/shard-sum.ts";
import type { Module, Variable } from "../nn/index.ts";
import { clipScale, gradNorm, type ModelEma, type Optimizer } from "../optim/index.ts";
import { rawOf, toBatch } from "./batch.ts";
import type { AnyBatch, EvaluateSettings, Evaluation, Pool, StepResult, StepSettings } from "./pool.ts";
import type { Program } from "./program.ts";
import { Replica, type ReplicaOptions } from "./replica.ts";
import { Tracer, type StepTrace } from "./trace.ts";

/** Sums up a gradient whose contributions were kept apart, in the order in which they would have been added. */
function settle(parameter: Variable): void {
  const { pending, backend } = parameter;
  if (pending === null) return;
  const sums = pending.map((part) => {
    const whole = keep(finish(part, backend));
    if (part instanceof ShardSum) for (const value of part.values) value?.dispose();
    return whole;
  });
  for (const next of sums.splice(1)) {
    addInto(sums[0], next);
    next.dispose();
  }
  parameter.pending = null;
  [parameter.grad] = sums;
}

function traceGradients(tracer: Tracer, parameters: readonly Variable[]): StepTrace {
  tracer.noteParts(parameters);
  for (const parameter of parameters) {
    settle(parameter);
    if (parameter.grad !== null) tracer.noteSum(parameter, parameter.grad.buffer);
  }
  return tracer.trace(parameters);
}

export class LocalPool implements Pool {
  readonly workers = 0;
  private readonly replica: Replica;

  constructor(program: Program, options: ReplicaOptions = {}) {
    this.replica = new Replica(program, options);
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

  // Async, so that a team can stand in its place.
  async step(
    given: AnyBatch | readonly AnyBatch[],
    { lr, clipGrad, gradNorm: wantsNorm = false, trace }: StepSettings = {},
  ): Promise<StepResult> {
    const batches = (Array.isArray(given) ? (given as readonly AnyBatch[]) : [given as AnyBatch]).map(rawOf);
    const { replica, optimizer } = this;
    if (lr !== undefined) optimizer.lr = lr;
    const tracer = trace === undefined ? null : new Tracer(replica.model, trace);
    let loss = 0;
    let correct = 0;
    let size = 0;
    for (const batch of batches) {
      const part = replica.learn(toBatch(batch, { apart: trace?.level === "shard" }), 1 / batches.length, tracer);
      loss += part.loss;
      correct += part.correct;
      size += batch.size;
    }
    const parameters = optimizer.slots.map(({ variable }) => variable);
    const traced = tracer === null ? undefined : traceGradients(tracer, parameters);
    const norm = wantsNorm || clipGrad !== undefined ? gradNorm(parameters) : undefined;
    optimizer.step({ gradientScale: norm !== undefined && clipGrad !== undefined ? clipScale(norm, clipGrad) : 1 });
    this.ema?.update();
    return {
      loss: loss / batches.length,
      correct,
      size,
      ...(norm !== undefined && { gradNorm: norm }),
      observations: replica.program.observations(replica.model),
      ...(traced && { trace: traced }),
    };
  }

  async evaluate(batch: AnyBatch, settings: EvaluateSettings = {}): Promise<Evaluation> {
    return this.replica.evaluate(toBatch(rawOf(batch)), settings);
  }

  async close(): Promise<void> {
    this.replica.dispose();
  }
}
