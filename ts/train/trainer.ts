// The training loop, on the calling thread or on a team: epochs over a loader, learning rate by schedule, evaluation, checkpoints.
// It yields what happens as typed events and prints nothing.
import { changesSince, CONTRACT, contractOf } from "../contract.ts";
import type { Schedule } from "../optim/index.ts";
import type { BatchSource, RawBatch } from "./batch.ts";
import type { Checkpoint } from "./checkpoint-format.ts";
import { digest } from "./digest.ts";
import { DigestChain, type DigestBegin, type SkipDigest, type StepDigest } from "./digest-chain.ts";
import { summarize, type Summary } from "./evaluate.ts";
import type { BlockDiagnostics, JsonObject, NonFiniteEvent, RunEvent } from "./events.ts";
import { NonFiniteError } from "./nonfinite.ts";
import type { NonFinite, OnNonFinite } from "./nonfinite-what.ts";
import type { Pool, StepResult } from "./pool.ts";
import { captureState, restoreState, type Position } from "./state.ts";
import type { TraceRequest } from "./trace.ts";

/** What becomes of digests. */
export interface Digesting {
  /** Takes the digest of every step, and one at the beginning. `shown` are the values that were asked for. */
  readonly record: (digest: DigestBegin | StepDigest, shown?: readonly number[]) => void;
  /** Takes those of batches that were passed over. */
  readonly recordSkip?: (digest: SkipDigest) => void;
  /** What is recorded of a step (the first is 1) beside its digest; nothing by default. */
  readonly trace?: (step: number) => TraceRequest | undefined;
}

export interface TrainerOptions {
  readonly pool: Pool;
  readonly train: BatchSource;
  readonly test?: BatchSource;
  readonly classes: number;
  readonly epochs: number;
  /** Learning rate by update; the optimizer's throughout by default. */
  readonly schedule?: Schedule;
  /** Batches whose gradients make one update. */
  readonly accumulate?: number;
  readonly clipGrad?: number;
  readonly gradNorm?: boolean;
  /** Stop after as many updates, even in mid-epoch. */
  readonly maxSteps?: number;
  /**
   * What becomes of a step whose loss, gradients or new values are not finite: the run ends with NonFiniteError (`stop`, the default), or
   * its batches are passed over (`skip`): no update, no step counted, the schedule stays where it is.
   */
  readonly onNonFinite?: OnNonFinite;
  /** Epochs between evaluations; the last one is always evaluated. */
  readonly evaluateEvery?: number;
  /** Stores a checkpoint and says where; called after every epoch and when the run is stopped. */
  readonly save?: (checkpoint: Checkpoint, about: { readonly step: number; readonly best: boolean }) => Promise<string>;
  /** What checkpoints say of the run. */
  readonly about?: JsonObject;
  /** Take a digest of every step. */
  readonly digests?: Digesting;
}

export interface ResumeOptions {
  /** Goes on from a checkpoint of another numerics contract. */
  readonly acceptContract?: boolean;
  /** Goes on with other batches. */
  readonly acceptChanges?: boolean;
}

export interface FitOptions {
  /** Ends the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Evaluates before the first step: the run was stopped, or ended, after an epoch and before it was evaluated. */
  readonly evaluateFirst?: boolean;
}

/** Steps in a row that may be passed over; one more ends the run. */
export const MOST_SKIPS = 24;

/** What is not as it was; what a checkpoint does not tell of, as those of early versions, is as it may be. */
function changesOf(before: unknown, now: JsonObject): { readonly name: string; readonly was: string; readonly is: string }[] {
  if (typeof before !== "object" || before === null) return [];
  return Object.entries(now).flatMap(([name, value]) => {
    if (!Object.hasOwn(before, name)) return [];
    const [was, is] = [(before as JsonObject)[name], value].map((each) => JSON.stringify(each));
    return was === is ? [] : [{ name, was, is }];
  });
}

const START: Position = { epoch: 0, batch: 0, step: 0 };

/** The training loop over a pool (LocalPool or a team): `for await (const event of trainer.fit())`. */
export class Trainer {
  readonly options: TrainerOptions;
  private position: Position = START;
  private best = -1;
  /** Steps passed over since the last one that was made. */
  private skips = 0;
  private readonly chain: DigestChain | null;

  constructor(options: TrainerOptions) {
    const { epochs, accumulate = 1 } = options;
    if (!Number.isInteger(epochs) || epochs < 0) throw new Error(`Trainer: ${epochs} epochs, wanted a whole number of at least 0`);
    if (!Number.isInteger(accumulate) || accumulate < 1)
      throw new Error(`Trainer: accumulate ${accumulate}, wanted a whole number of at least 1`);
    this.options = options;
    if (options.digests && options.pool.settle)
      throw new Error("Trainer: digests of a run on a device, whose bits are its own, wanted a pool on the CPU");
    this.chain = options.digests ? new DigestChain(options.pool) : null;
  }

  /** Updates in an epoch; batches at its end that do not fill an update make a smaller one. */
  get updatesPerEpoch(): number {
    return Math.ceil(this.options.train.batchesPerEpoch / (this.options.accumulate ?? 1));
  }

  /** Everything needed to go on from here. Of a pool on a device: as of its last settle(). */
  checkpoint(): Checkpoint {
    const chain = this.chain?.chain ?? null;
    return captureState(this.options.pool, this.position, {
      ...this.options.about,
      run: this.run,
      best: this.best,
      ...(this.skips > 0 && { skips: this.skips }),
      ...(chain !== null && { chain }),
    });
  }

  /** What makes the steps of the run what they are, beside model, optimizer and schedule. */
  private get run(): JsonObject {
    const { train, accumulate = 1, clipGrad = null } = this.options;
    return { ...train.about, batchesPerEpoch: train.batchesPerEpoch, accumulate, clipGrad };
  }

  /**
   * Goes on from a checkpoint. Errors: one of another numerics contract, or of a run with other batches, unless accepted: the bits are
   * no longer those of an uninterrupted run then.
   */
  resume(checkpoint: Checkpoint, { acceptContract = false, acceptChanges = false }: ResumeOptions = {}): void {
    const contract = contractOf(checkpoint.state);
    if (contract !== CONTRACT && !acceptContract)
      throw new Error(
        `Trainer: a checkpoint of numerics contract ${contract}, this is contract ${CONTRACT} (${changesSince(contract)}); wanted one of ` +
          "this contract, or { acceptContract: true } to go on from it with other bits than an uninterrupted run",
      );
    const changed = acceptChanges ? [] : changesOf(checkpoint.state["run"], this.run);
    if (changed.length > 0)
      throw new Error(
        `Trainer: a checkpoint of a run with ${changed.map(({ name, was }) => `${name} ${was}`).join(", ")}, this one has ` +
          `${changed.map(({ name, is }) => `${name} ${is}`).join(", ")}; wanted the same, or { acceptChanges: true } to go on with other ` +
          "steps than an uninterrupted run",
      );
    this.position = restoreState(this.options.pool, checkpoint);
    this.options.pool.adopt?.();
    const { best, skips, chain } = checkpoint.state;
    this.best = typeof best === "number" ? best : -1;
    this.skips = typeof skips === "number" ? skips : 0;
    if (this.chain) this.chain.chain = typeof chain === "string" && contract === CONTRACT ? chain : null;
  }

  /** Updates done. */
  get steps(): number {
    return this.options.pool.optimizer.steps;
  }

  /** Evaluates on the test set; null without one. */
  async evaluate({ ema = this.options.pool.ema !== null }: { ema?: boolean } = {}): Promise<Summary | null> {
    const { pool, test, classes } = this.options;
    return test ? summarize(pool, test, classes, { ema }) : null;
  }

  /** Trains to the end, or to the signal. */
  async *fit({ signal, evaluateFirst = false }: FitOptions = {}): AsyncGenerator<RunEvent> {
    const { pool, epochs, maxSteps = Infinity, evaluateEvery = 1, digests } = this.options;
    const begin = performance.now();
    const seconds = (): number => (performance.now() - begin) / 1000;
    let reason: "finished" | "stopped" | "max-steps" = "finished";
    if (this.chain) digests?.record(this.chain.begin(this.steps));
    if (evaluateFirst && (yield* this.evaluated(this.position.epoch, seconds))) yield* this.saved(true);
    while (this.position.epoch < epochs && this.steps < maxSteps) {
      try {
        yield* this.epoch(maxSteps, seconds, signal);
      } catch (error) {
        if (error instanceof NonFiniteError) yield* this.ended(error);
        throw error;
      }
      const done = this.position.batch === 0;
      const last = this.position.epoch >= epochs || this.steps >= maxSteps;
      const due = last || (done && this.position.epoch % evaluateEvery === 0);
      const unjudged = due && signal?.aborted === true && this.options.test !== undefined;
      yield* this.saved(due && !unjudged && (yield* this.evaluated(this.position.epoch + (done ? 0 : 1), seconds)));
      if (signal?.aborted && (unjudged || !last)) {
        reason = "stopped";
        break;
      }
    }
    await pool.settle?.();
    if (reason === "finished" && this.position.epoch < epochs) reason = "max-steps";
    yield { type: "run-end", digest: digest(pool.model), seconds: seconds(), steps: this.steps, reason };
  }

  /** What a step that ends the run leaves: word of it, and a checkpoint of the state before it. */
  private async *ended({ found }: NonFiniteError): AsyncGenerator<RunEvent> {
    yield this.nonFinite(found, false);
    if (found.before === undefined) yield* this.saved(false);
  }

  /** Evaluates; returns whether no evaluation before was as good. */
  private async *evaluated(epoch: number, seconds: () => number): AsyncGenerator<RunEvent, boolean> {
    const found = await this.evaluate();
    if (!found) return false;
    const best = found.top1 > this.best;
    this.best = Math.max(this.best, found.top1);
    yield { type: "evaluate", epoch, step: this.steps, split: "test", ...found, seconds: seconds() };
    return best;
  }

  private async *saved(best: boolean): AsyncGenerator<RunEvent> {
    const { save } = this.options;
    if (!save) return;
    await this.options.pool.settle?.();
    const path = await save(this.checkpoint(), { step: this.steps, best });
    yield { type: "checkpoint", path, step: this.steps };
  }

  /** The rest of the epoch under way, as far as the limits allow. */
  private async *epoch(maxSteps: number, seconds: () => number, signal?: AbortSignal): AsyncGenerator<RunEvent> {
    const { train, accumulate = 1 } = this.options;
    const { epoch, batch } = this.position;
    let waiting: RawBatch[] = [];
    let before = performance.now();
    let done = batch;
    for await (const raw of train.epoch(epoch, batch)) {
      waiting.push(raw);
      done++;
      const last = done >= train.batchesPerEpoch;
      if (waiting.length < accumulate && !last) continue;
      const result = await this.update(waiting);
      const now = performance.now();
      const rate = (1000 * result.size) / (now - before);
      before = now;
      const batches = waiting.length;
      waiting = [];
      const told = [...(result.nonFinite ? this.passed(result.nonFinite) : this.told(result, epoch, rate, seconds()))];
      this.position = { epoch: last ? epoch + 1 : epoch, batch: last ? 0 : done, step: this.position.step + batches };
      yield* told;
      if (signal?.aborted || this.steps >= maxSteps) return;
    }
    if (done < train.batchesPerEpoch)
      throw new Error(`Trainer: the loader ended after ${done} of ${train.batchesPerEpoch} batches, wanted all of them`);
  }

  private async update(batches: readonly RawBatch[]): Promise<StepResult> {
    const { pool, schedule, clipGrad, gradNorm = false, digests, onNonFinite = "stop" } = this.options;
    const trace = digests?.trace?.(this.steps + 1);
    const result = await pool.step(batches, {
      ...(schedule && { lr: schedule(this.steps) }),
      ...(clipGrad !== undefined && { clipGrad }),
      gradNorm,
      onNonFinite,
      ...(trace && { trace }),
    });
    if (result.nonFinite) return result;
    this.skips = 0;
    if (this.chain) digests?.record(this.chain.add(this.steps, result), result.trace?.shown);
    return result;
  }

  private nonFinite(found: NonFinite, skipped: boolean): NonFiniteEvent {
    const { epoch, step } = this.position;
    return { type: "nonfinite", epoch: epoch + 1, batch: step, ...found, skipped };
  }

  /** Passes over batches. Error: too many steps in a row. */
  private passed(found: NonFinite): RunEvent[] {
    const { what, batches } = found;
    if (this.skips >= MOST_SKIPS) throw new NonFiniteError(found, this.skips + 1);
    this.skips++;
    const digest = this.chain?.skip({ skipped: this.position.step, batches, after: this.steps, what });
    if (digest) this.options.digests?.recordSkip?.(digest);
    return [this.nonFinite(found, true)];
  }

  private *told(
    { loss, correct, size, gradNorm, observations }: StepResult,
    epoch: number,
    rate: number,
    seconds: number,
  ): Generator<RunEvent> {
    yield {
      type: "step",
      epoch: epoch + 1,
      step: this.steps,
      loss,
      accuracy: correct / size,
      learningRate: this.options.pool.optimizer.lr,
      imagesPerSecond: rate,
      ...(gradNorm !== undefined && { gradNorm }),
      seconds,
    };
    if (observations.length > 0) {
      const blocks = observations as unknown as readonly (BlockDiagnostics & { readonly block: number; readonly step: number })[];
      yield { type: "diagnostics", step: this.steps, blocks: blocks.map(({ block, step: _step, ...rest }) => ({ ...rest, index: block })) };
    }
  }
}
