// One run in the worker of the laboratory: settings to a trainer, as `perpend train` does it, events to the page, the state to the keeper.
import { describeData } from "../cli/settings/checkpoint-about.ts";
import { gatherDiagnostics } from "../cli/settings/diagnostics.ts";
import { recipeOf } from "../cli/settings/settings.ts";
import { samplesOf } from "../cli/settings/samples.ts";
import { additionsOf } from "../cli/settings/training-program.ts";
import { programOptions, testLoader, trainerSettings, trainLoader } from "../cli/settings/training-setup.ts";
import { runName } from "../cli/settings/folder-name.ts";
import {
  encodeCheckpoint,
  Trainer,
  type Checkpoint,
  type JsonObject,
  type Machine,
  type Pool,
  type RunEvent,
  type RunStartEvent,
} from "../train/index.ts";
import { openSource } from "./data-source.ts";
import type { Splits } from "./given-data.ts";
import { Keeper } from "./keeper.ts";
import type { FromWorker, RunOrder, ToWorker } from "./protocol.ts";
import type { ProgramOptions } from "../cli/settings/training-program.ts";
import type { RunStore } from "./storage.ts";

/** Images whose predictions are shown. */
const SAMPLES = 16;
/** Milliseconds between two messages with steps. */
const PERIOD = 50;

export interface Surroundings {
  readonly order: RunOrder;
  /** What computes, and what it runs on, for logs and checkpoints. */
  readonly versions: RunStartEvent["versions"];
  readonly machine: Machine;
  readonly storage: RunStore | null;
  readonly openPool: (options: ProgramOptions, threads: number) => Promise<Pool>;
  readonly post: (message: FromWorker) => void;
}

export class LabRun {
  private readonly surroundings: Surroundings;
  private readonly stopping = new AbortController();
  private waiting: RunEvent[] = [];
  private posted = 0;
  private pausing = false;
  private proceed: () => void = () => {};
  private wanted = false;
  /** The state at the last place where the run can go on from, once it stands still. */
  private still: Checkpoint | null = null;

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
  }

  /** Does what the page says; `start` is not for here. */
  handle(message: ToWorker): void {
    if (message.type === "pause") this.pausing = true;
    if (message.type === "continue") {
      this.pausing = false;
      this.proceed();
    }
    if (message.type === "stop") {
      this.stopping.abort();
      this.proceed();
    }
    if (message.type === "checkpoint") {
      if (this.still) this.hand(this.still);
      else this.wanted = true;
    }
  }

  private hand(checkpoint: Checkpoint): void {
    const bytes = encodeCheckpoint(checkpoint) as Uint8Array<ArrayBuffer>;
    this.surroundings.post({ type: "checkpoint", bytes, step: Number(checkpoint.state["optimizerSteps"]) });
  }

  private flush(): void {
    if (this.waiting.length > 0) this.surroundings.post({ type: "events", events: this.waiting });
    this.waiting = [];
    this.posted = performance.now();
  }

  /** Shows a run that had ended, from what is kept of it. False where there is none, and where it was stopped and is to go further. */
  async show(further = false): Promise<boolean> {
    const { order, storage, post } = this.surroundings;
    const before = await storage?.run(order.id);
    if (!storage || !before?.finished) return false;
    const events = await storage.events(order.id);
    const end = events.filter((event) => event.type === "run-end").at(-1);
    if (further && end?.reason === "stopped") return false;
    this.waiting = [...events, ...(before.samples ? [before.samples] : [])];
    this.flush();
    this.still = before.checkpoint;
    post({ type: "kept", step: before.step });
    post({ type: "state", state: "finished" });
    return true;
  }

  /** Trains to the end, from what is kept where `resume` says so. Errors: what keeps it from beginning or going on. */
  async train(resume: boolean): Promise<void> {
    const { order, versions, storage, openPool, post } = this.surroundings;
    const { settings, source, id, threads } = order;
    post({ type: "state", state: "preparing" });
    const before = resume ? await storage?.run(id) : undefined;
    const splits = await openSource(source, settings);
    const train = trainLoader(splits.train, settings);
    const pool = await openPool(programOptions(settings, train), threads);
    try {
      const about: JsonObject = {
        name: runName(settings),
        command: order.command,
        settings,
        data: describeData(splits.train),
        versions,
      };
      const trainer = new Trainer({ ...trainerSettings(settings, train), pool, test: testLoader(splits.test, settings), about });
      const keeper = new Keeper({
        id,
        steps: settings.epochs * trainer.updatesPerEpoch,
        storage,
        before,
        onKept: (step) => post({ type: "kept", step }),
        onTrouble: (message) => post({ type: "notice", message }),
      });
      if (before) {
        trainer.resume(before.checkpoint);
        this.waiting = [...((await storage?.events(id)) ?? []), ...(before.samples ? [before.samples] : [])];
        this.flush();
      }
      post({ type: "state", state: "running" });
      await this.loop(trainer, pool, splits, keeper);
    } finally {
      await pool.close();
    }
  }

  private start(trainer: Trainer, pool: Pool, { train }: Splits): RunStartEvent {
    const { order, versions, machine } = this.surroundings;
    const { label, settings, command } = order;
    const { model, width, seed, epochs, shards } = settings;
    return {
      type: "run-start",
      name: label,
      recipe: recipeOf(settings),
      model: width === null ? model : `${model}, width ${width}`,
      parameters: pool.model.parameters().reduce((sum, { size }) => sum + size, 0),
      machine,
      versions,
      shards,
      workers: pool.workers,
      seed,
      epochs,
      stepsPerEpoch: trainer.updatesPerEpoch,
      ...(trainer.steps > 0 && { resumedFrom: trainer.steps }),
      dataset: train.name,
      classes: train.classNames,
      command,
      startedAt: new Date().toISOString(),
    };
  }

  private async loop(trainer: Trainer, pool: Pool, splits: Splits, keeper: Keeper): Promise<void> {
    const { post } = this.surroundings;
    const gather = gatherDiagnostics(additionsOf(pool.model));
    const tell = (given: RunEvent): void => {
      const event = gather(given);
      if (event === undefined) return;
      keeper.note(event);
      this.waiting.push(event);
      if (event.type !== "step" || performance.now() - this.posted > PERIOD) this.flush();
    };
    tell(this.start(trainer, pool, splits));
    for await (const event of trainer.fit({ signal: this.stopping.signal })) {
      tell(event);
      for (const fault of pool.takeFaults?.() ?? []) tell({ type: "fault", ...fault });
      if (event.type === "evaluate") tell(await samplesOf(pool, splits.test, SAMPLES, trainer.steps));
      // A step at the end of an epoch is followed by its evaluation, which a run that goes on from here would leave out.
      const stands = event.type === "evaluate" || (event.type === "step" && event.step % trainer.updatesPerEpoch !== 0);
      if (stands) await this.between(trainer, keeper);
    }
    this.still = trainer.checkpoint();
    await keeper.save(this.still, trainer.steps, true);
    this.flush();
    if (this.wanted) this.hand(this.still);
    post({ type: "state", state: "finished" });
  }

  /** Between two steps: hands out and keeps the state where that is due, and stands still where that is wanted. */
  private async between(trainer: Trainer, keeper: Keeper): Promise<void> {
    const { post } = this.surroundings;
    const { aborted } = this.stopping.signal;
    const pauses = this.pausing && !aborted;
    if (!pauses && !this.wanted && !keeper.isDue) return;
    const checkpoint = trainer.checkpoint();
    if (this.wanted) this.hand(checkpoint);
    this.wanted = false;
    this.flush();
    if (pauses || keeper.isDue) await keeper.save(checkpoint, trainer.steps);
    if (!pauses || !this.pausing) return;
    this.still = checkpoint;
    const proceed = new Promise<void>((resolve) => (this.proceed = resolve));
    post({ type: "state", state: "paused" });
    await proceed;
    this.still = null;
    if (!this.stopping.signal.aborted) post({ type: "state", state: "running" });
  }
}
