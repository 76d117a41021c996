// The loop: it learns, resumes to the same bits from any step, stops when told, and leaves no buffer behind.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  currentBackend,
  DataLoader,
  decodeCheckpoint,
  digest,
  encodeCheckpoint,
  LocalPool,
  schedule,
  shapes,
  Trainer,
  type Checkpoint,
  type RunEvent,
  type TrainerOptions,
} from "../../ts/node.ts";
import * as program from "../workers/program.ts";

const train = shapes({ count: 64, seed: 3 });
const held = shapes({ count: 40, seed: 3, split: "test" });

function setup(more: Partial<TrainerOptions> = {}): Trainer {
  return new Trainer({
    pool: new LocalPool(program, { emaDecay: 0.9 }),
    train: new DataLoader(train, { batchSize: 16, shuffle: true, seed: 4, augment: { crop: { padding: 4, mode: "reflect" }, flip: 0.5 } }),
    test: new DataLoader(held, { batchSize: 40 }),
    classes: 10,
    epochs: 3,
    schedule: schedule.oneCycle({ lr: 0.1, total: 12 }),
    ...more,
  });
}

async function run(trainer: Trainer, signal?: AbortSignal): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of trainer.fit({ ...(signal && { signal }) })) events.push(event);
  return events;
}

const digestOf = (events: readonly RunEvent[]): string => {
  const end = events.at(-1);
  if (end?.type !== "run-end") throw new Error("no run-end");
  return end.digest;
};

const test = suite("trainer");

test("yields steps, evaluations and the end, in order", async () => {
  const events = await run(setup());
  const types = events.map(({ type }) => type).filter((type) => type !== "diagnostics");
  const epoch = ["step", "step", "step", "step", "evaluate"];
  assert.equal(types, [...epoch, ...epoch, ...epoch, "run-end"]);
  const steps = events.filter((event) => event.type === "step");
  assert.equal(
    steps.map(({ step }) => step),
    Array.from({ length: 12 }, (_, index) => index + 1),
  );
  assert.equal(new Set(steps.map(({ epoch: number }) => number)), new Set([1, 2, 3]));
});

test("resumes from every step to the bits of the uninterrupted run", async () => {
  const whole = await run(setup());
  for (const at of [1, 4, 7, 11]) {
    const first = setup({ maxSteps: at });
    const begun = await run(first);
    assert.is((begun.at(-1) as { reason: string }).reason, "max-steps");
    const bytes = encodeCheckpoint(first.checkpoint());
    const second = setup();
    second.resume(decodeCheckpoint(bytes, "memory"));
    const rest = await run(second);
    assert.is(digestOf(rest), digestOf(whole), `resumed at ${at}`);
    const losses = (events: readonly RunEvent[]): number[] => events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
    assert.equal([...losses(begun), ...losses(rest)], losses(whole));
  }
});

test("stops after the step under way when told, with a checkpoint", async () => {
  const stop = new AbortController();
  const saved: Checkpoint[] = [];
  const trainer = setup({ save: async (checkpoint) => `memory ${saved.push(checkpoint)}` });
  const events: RunEvent[] = [];
  for await (const event of trainer.fit({ signal: stop.signal })) {
    events.push(event);
    if (event.type === "step" && event.step === 6) stop.abort();
  }
  const end = events.at(-1);
  assert.ok(end?.type === "run-end" && end.reason === "stopped" && end.steps === 6);
  assert.is(saved.at(-1)?.state["step"], 6);
  const second = setup();
  second.resume(saved.at(-1)!);
  assert.is(digestOf(await run(second)), digestOf(await run(setup())));
});

test("a run that is stopped after an epoch and before its evaluation has it when it goes on", async () => {
  const evaluations = (events: readonly RunEvent[]): object[] =>
    events.flatMap((event) => (event.type === "evaluate" ? [{ ...event, seconds: 0 }] : []));
  const save = async (): Promise<string> => "memory";
  const whole = await run(setup({ save }));
  // The last step of all too: the run has not come to its end then.
  for (const at of [4, 8, 12]) {
    const stop = new AbortController();
    const first = setup({ save });
    const begun: RunEvent[] = [];
    for await (const event of first.fit({ signal: stop.signal })) {
      begun.push(event);
      if (event.type === "step" && event.step === at) stop.abort();
    }
    const end = begun.at(-1);
    assert.ok(end?.type === "run-end" && end.reason === "stopped");
    assert.is(evaluations(begun).length, at / 4 - 1);
    const saved: (readonly [step: number, best: boolean])[] = [];
    const second = setup({ save: async (_checkpoint, { step, best }) => `memory ${saved.push([step, best])}` });
    second.resume(first.checkpoint());
    const rest: RunEvent[] = [];
    for await (const event of second.fit({ evaluateFirst: true })) rest.push(event);
    assert.equal(evaluations([...begun, ...rest]), evaluations(whole));
    assert.is(digestOf(rest), digestOf(whole));
    // Saved once more where it is the best so far.
    const tops = whole.flatMap((event) => (event.type === "evaluate" ? [event.top1] : []));
    const isBest = tops[at / 4 - 1] > Math.max(-1, ...tops.slice(0, at / 4 - 1));
    assert.equal(saved.filter(([step]) => step === at), isBest ? [[at, true]] : []); // prettier-ignore
  }
});

test("a checkpoint of another model is refused and changes nothing", () => {
  const trainer = setup();
  const { tensors, state } = trainer.checkpoint();
  const before = digest(trainer.options.pool.model);
  const fewer = new Map([...tensors].filter(([key]) => key !== "head.fc.weight"));
  assert.throws(() => trainer.resume({ tensors: fewer, state }), /head\.fc\.weight/);
  const reshaped = new Map([...tensors].map(([key, value]) => [key, key === "stem.conv.weight" ? { ...value, shape: [4, 3, 9] } : value]));
  assert.throws(() => trainer.resume({ tensors: reshaped, state }), /stem\.conv\.weight of shape \[4,3,9\], wanted \[4,3,3,3\]/);
  assert.is(digest(trainer.options.pool.model), before);
});

test("a checkpoint of a run with other batches is refused, and changes nothing", () => {
  const trainer = setup();
  const checkpoint = trainer.checkpoint();
  const before = digest(trainer.options.pool.model);
  const other = setup({ accumulate: 2, clipGrad: 1 });
  assert.throws(
    () => other.resume(checkpoint),
    /^Trainer: a checkpoint of a run with accumulate 1, clipGrad null, this one has accumulate 2, clipGrad 1; wanted the same, or \{ accept/,
  );
  const { train } = trainer.options;
  const sharded = (shards: number): Trainer => {
    const source = { batchesPerEpoch: train.batchesPerEpoch, epoch: (epoch: number, from?: number) => train.epoch(epoch, from) };
    return setup({ train: { ...source, about: { ...train.about, shards } } });
  };
  assert.throws(() => sharded(3).resume(sharded(2).checkpoint()), /with shards 2, this one has shards 3; wanted the same/);
  assert.is(digest(other.options.pool.model), before);
  other.resume(checkpoint, { acceptChanges: true });
  const { run: _, ...state } = checkpoint.state;
  setup({ accumulate: 2 }).resume({ ...checkpoint, state });
});

test("a step leaves no buffer behind", async () => {
  const trainer = setup({ epochs: 2 });
  const counts: number[] = [];
  for await (const event of trainer.fit()) if (event.type === "step") counts.push(currentBackend().memoryUse().buffers);
  assert.is(counts.length, 8);
  assert.is(new Set(counts).size, 1, counts.join());
});

test("learns a small set by heart", async () => {
  const few = shapes({ count: 20, seed: 8 });
  const trainer = setup({
    pool: new LocalPool({ ...program, loss: undefined as never }),
    train: new DataLoader(few, { batchSize: 20 }),
    test: new DataLoader(few, { batchSize: 20 }),
    epochs: 80,
    schedule: schedule.constant({ lr: 0.05 }),
    evaluateEvery: 80,
  });
  const found = (await run(trainer)).find((event) => event.type === "evaluate");
  assert.ok(found && found.top1 === 1, `top1 ${found?.top1}`);
});

test("a loss that is not finite ends the run with advice", async () => {
  const trainer = setup({ schedule: schedule.constant({ lr: 1e30 }) });
  let message = "";
  await run(trainer).catch((error: Error) => (message = error.message));
  assert.match(message, /^train: .* (NaN|-?Infinity) in step \d+, .*wanted finite numbers; .*; try a smaller learning rate than 1e\+30, /);
});

test.run();
