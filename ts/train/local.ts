// Training on the calling thread: no worker, no shared memory needed. The same bits as a team's.
import type { Module } from "../nn/index.ts";
import { clipScale, gradNorm, type ModelEma, type Optimizer } from "../optim/index.ts";
import { rawOf, toBatch } from "./batch.ts";
import type { AnyBatch, EvaluateSettings, Evaluation, Pool, StepResult, StepSettings } from "./pool.ts";
import type { Program } from "./program.ts";
import { Replica, type ReplicaOptions } from "./replica.ts";

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
  async step(given: AnyBatch | readonly AnyBatch[], { lr, clipGrad, gradNorm: wantsNorm = false }: StepSettings = {}): Promise<StepResult> {
    const batches = (Array.isArray(given) ? (given as readonly AnyBatch[]) : [given as AnyBatch]).map(rawOf);
    const { replica, optimizer } = this;
    if (lr !== undefined) optimizer.lr = lr;
    let loss = 0;
    let correct = 0;
    let size = 0;
    for (const batch of batches) {
      const part = replica.learn(toBatch(batch), 1 / batches.length);
      loss += part.loss;
      correct += part.correct;
      size += batch.size;
    }
    const norm = wantsNorm || clipGrad !== undefined ? gradNorm(optimizer.slots.map(({ variable }) => variable)) : undefined;
    optimizer.step({ gradientScale: norm !== undefined && clipGrad !== undefined ? clipScale(norm, clipGrad) : 1 });
    this.ema?.update();
    return {
      loss: loss / batches.length,
      correct,
      size,
      ...(norm !== undefined && { gradNorm: norm }),
      observations: replica.program.observations(replica.model),
    };
  }

  async evaluate(batch: AnyBatch, settings: EvaluateSettings = {}): Promise<Evaluation> {
    return this.replica.evaluate(toBatch(rawOf(batch)), settings);
  }

  async close(): Promise<void> {
    this.replica.dispose();
  }
}
