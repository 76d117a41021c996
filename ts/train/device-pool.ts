// Training on a device that answers later (WebGPU). The device has the values; a twin on the CPU, `model` and `optimizer`, takes them over
// by settle() and gives its own to the device by adopt(). A step records its commands, reads its loss and commits. A lost device leaves
// the twin as it was settled last.
import {
  absolute,
  affine,
  argmax,
  backward,
  clamp,
  crossEntropyRows,
  full,
  keep,
  noGrad,
  scope,
  subtract,
  sum,
  Tensor,
  withBackend,
} from "../autograd/index.ts";
import { addInto } from "../autograd/shard-sum.ts";
import type { Backend } from "../backend/backend.ts";
import type { Module, Variable } from "../nn/index.ts";
import { gradientSquares, scaleGradients } from "../optim/gradient-scale.ts";
import type { ModelEma, Optimizer } from "../optim/index.ts";
import { rawOf, toBatch, type Batch, type RawBatch } from "./batch.ts";
import { stateVariables } from "./digest-chain.ts";
import { Draft } from "./draft.ts";
import { dropGradients } from "./gradients.ts";
import { NonFiniteError } from "./nonfinite.ts";
import type { NonFinite } from "./nonfinite-what.ts";
import type { AnyBatch, EvaluateSettings, Evaluation, Pool, StepResult, StepSettings } from "./pool.ts";
import type { Program } from "./program.ts";
import { rank, Replica, type ReplicaOptions } from "./replica.ts";

export interface DevicePoolOptions extends ReplicaOptions {
  /**
   * Steps from one read of the loss to the next; 1 by default. Read are the first step and those whose number is a multiple of it; the
   * results in between repeat what was read last, and a loss that is not finite is seen up to as many steps later.
   */
  readonly readEvery?: number;
  /**
   * What the loss is multiplied with before its gradients, which are divided by it in the update; 1 by default. A power of two changes no
   * bit in float32, and keeps small gradients where a backend with `precision: "f16"` would round them to zero.
   */
  readonly lossScale?: number;
}

/** What a step leaves on the device to be read: mean loss, wrong guesses, square of the gradient's norm. */
const LOSS = 0;
const WRONG = 1;
const SQUARES = 2;

interface Report {
  readonly loss: number;
  readonly correct: number;
  readonly norm: number;
}

const NOTHING: Report = { loss: NaN, correct: 0, norm: NaN };

/** Sums over shards are of no use on one device: a batch is one shard. */
const oneShard = (batch: AnyBatch): RawBatch => ({ ...rawOf(batch), shards: 1 });

export class DevicePool implements Pool {
  readonly workers = 0;
  readonly backend: Backend;
  private readonly replica: Replica;
  private readonly twin: Replica;
  private readonly draft: Draft;
  private readonly readEvery: number;
  private readonly lossScale: number;
  private last = NOTHING;
  private unread = 0;
  /** Steps that were committed and not read when the device reported an error: what they made may not be there. */
  private doubtful = 0;

  constructor(program: Program, backend: Backend, { readEvery = 1, lossScale = 1, ...options }: DevicePoolOptions = {}) {
    if (!Number.isInteger(readEvery) || readEvery < 1)
      throw new Error(`DevicePool: readEvery ${readEvery}, wanted a whole number of at least 1`);
    if (!(lossScale > 0) || !Number.isFinite(lossScale)) throw new Error(`DevicePool: lossScale ${lossScale}, wanted a number above 0`);
    this.backend = backend;
    this.readEvery = readEvery;
    this.lossScale = lossScale;
    this.twin = new Replica(program, options);
    this.replica = withBackend(backend, () => new Replica(program, { ...options, bare: true }));
    this.draft = new Draft(this.replica);
    this.adopt();
  }

  /** On the CPU, as of the last settle(). */
  get model(): Module {
    return this.twin.model;
  }

  get optimizer(): Optimizer {
    return this.twin.optimizer;
  }

  get ema(): ModelEma | null {
    return this.twin.ema;
  }

  private get parameters(): Variable[] {
    return this.replica.optimizer.slots.map(({ variable }) => variable);
  }

  /** Variables of the device beside those of the CPU. */
  private pairs(): (readonly [device: Variable, twin: Variable])[] {
    const twins = stateVariables(this.twin);
    return stateVariables(this.replica).map(([, variable], index) => [variable, twins[index][1]]);
  }

  private checkWhole(): void {
    const { doubtful } = this;
    if (doubtful > 0)
      throw new Error(
        `DevicePool: an error of the device after ${doubtful} ${doubtful === 1 ? "step that was" : "steps that were"} not read, wanted a checkpoint and adopt()`,
      );
  }

  /** Brings `model`, `optimizer` and `ema` up to date. */
  async settle(): Promise<void> {
    this.checkWhole();
    const pairs = this.pairs();
    const values = await Promise.all(pairs.map(([variable]) => variable.read()));
    pairs.forEach(([, twin], index) => twin.backend.write(twin.buffer, values[index]));
    const { optimizer } = this.replica;
    this.twin.optimizer.steps = optimizer.steps;
    optimizer.slots.forEach(({ steps }, index) => (this.twin.optimizer.slots[index].steps = steps));
  }

  /** Gives the device what `model`, `optimizer` and `ema` have, after a checkpoint was read into them. */
  adopt(): void {
    this.doubtful = 0;
    this.unread = 0;
    this.last = NOTHING;
    for (const [variable, twin] of this.pairs()) variable.backend.write(variable.buffer, twin.toArray());
    const { optimizer } = this.twin;
    this.replica.optimizer.steps = optimizer.steps;
    optimizer.slots.forEach(({ steps }, index) => (this.replica.optimizer.slots[index].steps = steps));
  }

  async step(given: AnyBatch | readonly AnyBatch[], settings: StepSettings = {}): Promise<StepResult> {
    const batches = (Array.isArray(given) ? (given as readonly AnyBatch[]) : [given as AnyBatch]).map(oneShard);
    if (settings.trace)
      throw new Error(`DevicePool: digests of a run on ${this.backend.name}, which has not the same bits everywhere; wanted the CPU`);
    this.checkWhole();
    const { replica, draft } = this;
    const { optimizer } = replica;
    const { lr = this.twin.optimizer.lr, onNonFinite = "stop", gradNorm = false } = settings;
    const counts = optimizer.slots.map(({ steps }) => steps);
    const before = { lr: optimizer.lr, steps: optimizer.steps };
    const size = batches.reduce((sum, batch) => sum + batch.size, 0);
    let report: Tensor | null = null;
    const undo = (): void => {
      Object.assign(optimizer, before);
      optimizer.slots.forEach((slot, index) => (slot.steps = counts[index]));
      dropGradients(this.parameters);
    };
    try {
      optimizer.lr = lr;
      draft.begin();
      // Steps of a round number, whatever was resumed or tried before, and the first one.
      const reads = (optimizer.steps + 1) % this.readEvery === 0 || Number.isNaN(this.last.loss);
      report = withBackend(this.backend, () => this.record(batches, settings, reads));
      if (reads) {
        const found = await this.look(report, size);
        const nonFinite = this.nonFinite(found, batches.length, lr);
        if (nonFinite !== null) {
          undo();
          if (onNonFinite === "stop") throw new NonFiniteError(nonFinite);
          return { loss: found.loss, correct: found.correct, size, observations: [], skipped: true, nonFinite };
        }
        this.last = found;
        this.unread = 0;
      } else this.unread++;
      draft.commit();
    } catch (error) {
      undo();
      if (error instanceof Error && error.name === "DeviceError") {
        this.doubtful = this.unread;
        this.unread = 0;
      }
      throw error;
    } finally {
      draft.end();
      report?.dispose();
      const { program, model, options } = replica;
      program.prepare(model, null, options);
    }
    this.twin.optimizer.lr = lr;
    this.twin.optimizer.steps = optimizer.steps;
    const { loss, correct, norm } = this.last;
    const wantsNorm = gradNorm || settings.clipGrad !== undefined;
    return { loss, correct, size, ...(wantsNorm && { gradNorm: norm }), observations: replica.program.observations(replica.model) };
  }

  /** Records a step: forward, backward, update; what is to be read of it. */
  private record(batches: readonly RawBatch[], { clipGrad }: StepSettings, reads: boolean): Tensor {
    const { replica, draft, parameters, lossScale } = this;
    const { optimizer, ema } = replica;
    return scope(() => {
      const report = keep(full([3], 0));
      for (const batch of batches) this.learn(toBatch(batch), 1 / batches.length, report);
      const scaled = reads || clipGrad !== undefined ? gradientSquares(parameters) : null;
      const squares = scaled === null || lossScale === 1 ? scaled : noGrad(() => affine(scaled, 1 / (lossScale * lossScale), 0));
      if (squares !== null) this.put(squares, report, SQUARES);
      if (squares !== null && clipGrad !== undefined) scaleGradients(parameters, squares, clipGrad);
      const updated = optimizer.slots.filter(({ variable }) => !variable.frozen && variable.grad !== null);
      optimizer.step({ gradientScale: 1 / lossScale });
      for (const { variable, state } of updated) for (const each of [variable, ...state]) each.written = true;
      ema?.update();
      for (const { average } of ema?.averages ?? []) average.written = true;
      if (draft.written.length === 0) throw new Error("DevicePool: no parameter has a gradient, wanted at least one");
      return report;
    });
  }

  private put(value: Tensor, report: Tensor, place: number): void {
    const { backend } = report;
    backend.copy(backend.view(value.buffer, 0, 1), backend.view(report.buffer, place, 1));
  }

  /** Forward and backward of a batch; adds its loss and wrong guesses to the report. */
  private learn(batch: Batch, weight: number, report: Tensor): void {
    const { program, model, optimizer, options } = this.replica;
    model.train(true);
    program.prepare(model, optimizer.steps, options);
    scope(() => {
      const result = program.loss(model, batch, options);
      const { loss, logits } = result instanceof Tensor ? { loss: result, logits: null } : result;
      noGrad(() => {
        const part = full([3], 0);
        const isWrong = logits === null ? full([1], batch.size) : sum(clamp(absolute(subtract(argmax(logits), batch.labels)), 0, 1));
        this.put(affine(loss, weight, 0), part, LOSS);
        this.put(isWrong, part, WRONG);
        addInto(report, part);
      });
      const factor = weight * this.lossScale;
      backward(factor === 1 ? loss : affine(loss, factor, 0));
    });
  }

  private async look(report: Tensor, size: number): Promise<Report> {
    const values = await report.read();
    return { loss: values[LOSS], correct: size - values[WRONG], norm: Math.sqrt(values[SQUARES]) };
  }

  private nonFinite({ loss, norm }: Report, batches: number, learningRate: number): NonFinite | null {
    if (Number.isFinite(loss) && Number.isFinite(norm)) return null;
    const isLoss = !Number.isFinite(loss);
    const { steps } = this.replica.optimizer;
    return { step: steps, batches, what: isLoss ? "loss" : "norm", value: isLoss ? loss : norm, device: true, learningRate };
  }

  async evaluate(given: AnyBatch, { ema = false }: EvaluateSettings = {}): Promise<Evaluation> {
    this.checkWhole();
    const raw = oneShard(given);
    const { replica } = this;
    const run = (): readonly [Tensor, Tensor] => {
      replica.model.train(false);
      return scope(() =>
        noGrad(() => {
          const batch = toBatch(raw);
          const logits = replica.program.predict(replica.model, batch, replica.options);
          return [keep(logits), keep(crossEntropyRows(logits, batch.labels))];
        }),
      );
    };
    const [logits, losses] = withBackend(this.backend, () => (ema && replica.ema ? replica.ema.swapped(run) : run()));
    try {
      const [values, rows] = await Promise.all([logits.read(), losses.read()]);
      return rank(values, Float32Array.from(raw.labels), rows, logits.shape[0], logits.shape[1]);
    } finally {
      logits.dispose();
      losses.dispose();
    }
  }

  /** Runs a step and an evaluation and takes both back: what `tune` of a backend looks at, or whether memory is enough. */
  async rehearse(batch: AnyBatch): Promise<void> {
    await this.settle();
    const { optimizer } = this.twin;
    const before = { lr: optimizer.lr, steps: optimizer.steps };
    await this.step(batch, { onNonFinite: "skip" });
    await this.evaluate(batch);
    Object.assign(optimizer, before);
    this.adopt();
  }

  async close(): Promise<void> {
    this.draft.dispose();
    this.replica.dispose();
    this.twin.dispose();
  }
}
