// A run as the laboratory's worker carries it out, here without a browser: kept, given up, taken up again, to the same bits.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as program from "../../ts/cli/settings/training-program.ts";
import { programOptions, testLoader, trainerSettings, trainLoader } from "../../ts/cli/settings/training-setup.ts";
import { aboutOf } from "../../ts/cli/settings/checkpoint-about.ts";
import { DEFAULTS, type LabSettings } from "../../ts/lab/fields.ts";
import { openSource } from "../../ts/lab/data-source.ts";
import type { FromWorker, RunOrder } from "../../ts/lab/protocol.ts";
import { runsOf } from "../../ts/lab/settings.ts";
import type { RunStore, StoredRun } from "../../ts/lab/storage.ts";
import { LabRun } from "../../ts/lab/training.ts";
import { decodeCheckpoint, LocalPool, Trainer, type RunEvent } from "../../ts/node.ts";

const test = suite("lab training");

const LAB: LabSettings = { ...DEFAULTS, trainSamples: 96, testSamples: 32, width: 4, batchSize: 16, epochs: 3 };
const [{ settings, label, command }] = runsOf(LAB);
const order: RunOrder = { id: "a/0", label, settings, command, source: { kind: "shapes" }, threads: 0 };
const STEPS = 18;

/** What a browser would keep. */
class Shelf implements RunStore {
  stored: StoredRun | undefined;
  readonly log: RunEvent[] = [];
  full = false;

  async run(): Promise<StoredRun | undefined> {
    return this.stored;
  }

  async saveRun(run: StoredRun, events: readonly RunEvent[]): Promise<void> {
    if (this.full) throw new Error("no room");
    this.stored = structuredClone(run);
    this.log.push(...structuredClone(events));
  }

  async events(): Promise<RunEvent[]> {
    return this.log;
  }
}

interface Heard {
  readonly run: LabRun;
  readonly messages: FromWorker[];
  readonly events: () => RunEvent[];
  /** Resolves when a message of this kind has come. */
  readonly heard: (fits: (message: FromWorker) => boolean) => Promise<FromWorker>;
}

function listen(storage: RunStore | null): Heard {
  const messages: FromWorker[] = [];
  const waiting = new Set<() => void>();
  const machine = { cpu: "", cores: 1, memoryBytes: 0, platform: "", architecture: "", runtime: "", engine: "" };
  const run = new LabRun({
    order,
    versions: { perpend: "0", kernels: "strict", contract: "1" },
    machine,
    storage,
    openPool: async (options) => new LocalPool(program, { options }),
    post: (message) => {
      messages.push(structuredClone(message));
      for (const look of waiting) look();
    },
  });
  const heard = (fits: (message: FromWorker) => boolean): Promise<FromWorker> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = messages.find(fits);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { run, messages, events: () => messages.flatMap((each) => (each.type === "events" ? each.events : [])), heard };
}

const digestIn = (events: readonly RunEvent[]): string =>
  events.flatMap((event) => (event.type === "run-end" ? [event.digest] : [])).at(-1) ?? "";
const isState = (state: string) => (message: FromWorker) => message.type === "state" && message.state === state;

let expected = "";

test.before(async () => {
  const { train, test: held } = await openSource(order.source, settings);
  const loader = trainLoader(train, settings);
  const pool = new LocalPool(program, { options: programOptions(settings, loader) });
  const trainer = new Trainer({ ...trainerSettings(settings, loader), pool, test: testLoader(held, settings) });
  for await (const event of trainer.fit()) if (event.type === "run-end") expected = event.digest;
  await pool.close();
});

test("the digest of an ordinary run, and what a page wants to show", async () => {
  const shelf = new Shelf();
  const { run, events, messages } = listen(shelf);
  await run.train(false);
  assert.is(digestIn(events()), expected);
  const count = (type: RunEvent["type"]): number => events().filter((event) => event.type === type).length;
  assert.equal([count("run-start"), count("step"), count("evaluate"), count("samples")], [1, STEPS, 3, 3]);
  assert.ok(count("diagnostics") > 0);
  assert.equal(
    messages.flatMap((each) => (each.type === "state" ? [each.state] : [])),
    ["preparing", "running", "finished"],
  );
  assert.equal([shelf.stored?.finished, shelf.stored?.step, shelf.stored?.steps], [true, STEPS, STEPS]);
});

test("paused, closed and taken up again by another worker, it comes to the same bits", async () => {
  const shelf = new Shelf();
  const first = listen(shelf);
  const training = first.run.train(false);
  await first.heard((message) => message.type === "events" && message.events.some((event) => event.type === "step" && event.step >= 1));
  first.run.handle({ type: "pause" });
  await first.heard(isState("paused"));
  const { step = 0 } = shelf.stored ?? {};
  assert.ok(step > 0 && step < STEPS, `stopped at ${step}`);
  assert.is(shelf.stored?.finished, false);
  // Its checkpoint is one of the command line's, as it stands.
  first.run.handle({ type: "checkpoint" });
  const handed = await first.heard(({ type }) => type === "checkpoint");
  assert.ok(handed.type === "checkpoint" && handed.step === step);
  if (handed.type !== "checkpoint") return;
  const about = aboutOf(decodeCheckpoint(handed.bytes, "checkpoint"), "checkpoint");
  assert.equal(about.settings, settings);
  assert.is(about.name, "resnetv2_8-w4-additive-shapes-s42");

  const second = listen(shelf);
  await second.run.train(true);
  assert.is(digestIn(second.events()), expected);
  const starts = second.events().flatMap((event) => (event.type === "run-start" ? [event.resumedFrom] : []));
  assert.equal(starts, [undefined, step]);
  const evaluations = second.events().filter(({ type }) => type === "evaluate");
  assert.is(evaluations.length, 3);

  const third = listen(shelf);
  assert.is(await third.run.show(), true);
  assert.is(digestIn(third.events()), expected);
  // The first one ends its wait.
  first.run.handle({ type: "stop" });
  await training;
});

test("it goes on after a pause, and stops where it is told to", async () => {
  const { run, heard, events, messages } = listen(null);
  const training = run.train(false);
  await heard(({ type }) => type === "events");
  run.handle({ type: "pause" });
  await heard(isState("paused"));
  run.handle({ type: "continue" });
  run.handle({ type: "stop" });
  await training;
  const end = events().at(-1);
  assert.ok(end?.type === "run-end" && end.reason === "stopped" && end.steps < STEPS);
  assert.is(messages.at(-1)?.type, "state");
});

test("what was stopped is shown, and goes on to the same bits where it is to go further; what came to its end is shown", async () => {
  const shelf = new Shelf();
  const first = listen(shelf);
  const training = first.run.train(false);
  await first.heard(({ type }) => type === "events");
  first.run.handle({ type: "stop" });
  await training;
  const { step = 0 } = shelf.stored ?? {};
  assert.ok(step > 0 && step < STEPS, `stopped at ${step}`);
  const shown = listen(shelf);
  assert.is(await shown.run.show(), true);
  assert.equal(
    shown.messages.find(({ type }) => type === "kept"),
    { type: "kept", step },
  );
  const second = listen(shelf);
  assert.is(await second.run.show(true), false);
  await second.run.train(true);
  assert.is(digestIn(second.events()), expected);
  assert.is(shelf.stored?.step, STEPS);
  assert.is(await listen(shelf).run.show(true), true);
});

test("what cannot be kept is told once, and changes no bit", async () => {
  const shelf = new Shelf();
  shelf.full = true;
  const { run, events, messages } = listen(shelf);
  await run.train(false);
  assert.is(digestIn(events()), expected);
  const notices = messages.flatMap((each) => (each.type === "notice" ? [each.message] : []));
  assert.is(notices.length, 1);
  assert.match(notices[0], "not kept in the browser: no room");
});

test.run();
