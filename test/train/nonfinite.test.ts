// Runs that meet NaN: they stop with the state before it saved, or pass over the batch, to the same bits however often they are resumed.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  DataLoader,
  decodeCheckpoint,
  digest,
  encodeCheckpoint,
  LocalPool,
  NonFiniteError,
  schedule,
  shapes,
  summarize,
  Trainer,
  type BatchSource,
  type Checkpoint,
  type RunEvent,
  type TrainerOptions,
} from "../../ts/node.ts";
import { chainAfter, type DigestBegin, type SkipDigest, type StepDigest } from "../../ts/train/digest-chain.ts";
import { formatDigest, parseDigests, skipsBefore, type DigestEntry } from "../../ts/train/digest-log.ts";
import { formatEvent, parseLog } from "../../ts/train/log.ts";
import { rank } from "../../ts/train/replica.ts";
import * as program from "../workers/nonfinite-program.ts";

const dataset = shapes({ count: 24, seed: 3 });
const EPOCHS = 3;
const PER_EPOCH = 3;

/** Three batches an epoch; those of these numbers, from 0 through all epochs, have a NaN in one sample. */
function source(bad: readonly number[]): BatchSource {
  const loader = new DataLoader(dataset, { batchSize: 8, shuffle: true, seed: 4, shards: 4 });
  return {
    batchesPerEpoch: loader.batchesPerEpoch,
    async *epoch(epoch, from = 0) {
      for await (const batch of loader.epoch(epoch, from)) {
        const images = Float32Array.from(batch.images);
        if (bad.includes(batch.step)) images[5 * (images.length / batch.size) + 7] = NaN;
        yield { ...batch, images };
      }
    },
  };
}

const open = (): LocalPool => new LocalPool(program, { emaDecay: 0.9 });
const rates = schedule.cosine({ lr: 0.02, total: EPOCHS * PER_EPOCH });

interface Recorded {
  readonly trainer: Trainer;
  readonly entries: readonly DigestEntry[];
}

function trainerOf(bad: readonly number[], more: Partial<TrainerOptions> = {}): Recorded {
  const entries: DigestEntry[] = [];
  const record = (digest: DigestEntry): void => void entries.push(digest);
  const trainer = new Trainer({
    pool: open(),
    train: source(bad),
    classes: 10,
    epochs: EPOCHS,
    schedule: rates,
    digests: { record, recordSkip: record },
    ...more,
  });
  return { trainer, entries };
}

interface Ended {
  readonly events: readonly RunEvent[];
  readonly error: unknown;
}

async function run(trainer: Trainer): Promise<Ended> {
  const events: RunEvent[] = [];
  try {
    for await (const event of trainer.fit()) events.push(event);
  } catch (error) {
    return { events, error };
  }
  return { events, error: null };
}

const typesOf = ({ events }: Ended): string =>
  events.map((event) => (event.type === "step" ? event.step : event.type)).filter((type) => type !== "diagnostics").join(" "); // prettier-ignore

const bytesOf = (trainer: Trainer): Uint8Array => encodeCheckpoint(trainer.checkpoint());
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const test = suite("train/nonfinite");

test("a run stops before the step, says so, saves the state before it, and goes on past it when told to", async () => {
  const saved: Checkpoint[] = [];
  const { trainer } = trainerOf([4], { save: async (checkpoint) => `memory ${saved.push(checkpoint)}` });
  const stopped = await run(trainer);
  assert.is(typesOf(stopped), "1 2 3 checkpoint 4 nonfinite checkpoint");
  assert.instance(stopped.error, NonFiniteError);
  const found = stopped.events.find((event) => event.type === "nonfinite");
  assert.equal(found, {
    type: "nonfinite",
    epoch: 2,
    step: 5,
    batch: 4,
    batches: 1,
    what: "loss",
    value: NaN,
    op: "conv2d",
    first: NaN,
    layer: "stem.conv",
    shards: [2],
    samples: [5],
    learningRate: rates(4),
    skipped: false,
  });
  const { epoch, batch, step, optimizerSteps } = saved[1].state;
  assert.equal({ epoch, batch, step, optimizerSteps }, { epoch: 1, batch: 1, step: 4, optimizerSteps: 4 });
  assert.ok(same(encodeCheckpoint(saved[1]), bytesOf(trainer)));
  // The same that a run saves which is told to end there.
  const before = trainerOf([4], { maxSteps: 4 }).trainer;
  await run(before);
  assert.ok(same(bytesOf(before), bytesOf(trainer)));

  const rest = trainerOf([4], { onNonFinite: "skip" });
  rest.trainer.resume(saved[1]);
  assert.is(typesOf(await run(rest.trainer)), "nonfinite 5 6 7 8 run-end");
  const whole = trainerOf([4], { onNonFinite: "skip" });
  assert.is(typesOf(await run(whole.trainer)), "1 2 3 4 nonfinite 5 6 7 8 run-end");
  assert.ok(same(bytesOf(rest.trainer), bytesOf(whole.trainer)));
});

test("a batch that is passed over is one that was left out of the updates", async () => {
  const { trainer } = trainerOf([1, 2, 5], { onNonFinite: "skip" });
  await run(trainer);
  const pool = open();
  for (let epoch = 0; epoch < EPOCHS; epoch++)
    for await (const batch of source([]).epoch(epoch))
      if (![1, 2, 5].includes(batch.step)) await pool.step(batch, { lr: rates(pool.optimizer.steps) });
  assert.is(pool.optimizer.steps, 6);
  assert.is(trainer.steps, 6);
  assert.is(digest(trainer.options.pool.model), digest(pool.model));
  assert.is(
    trainer.options.pool.ema?.swapped(() => digest(trainer.options.pool.model)),
    pool.ema?.swapped(() => digest(pool.model)),
  );
});

test("resumed from anywhere, and in steps of two batches, it comes to the same bits and the same chain", async () => {
  for (const accumulate of [1, 2]) {
    const more = { onNonFinite: "skip", accumulate } as const;
    const bad = [0, 3, 4, 8];
    const saved: Checkpoint[] = [];
    const whole = trainerOf(bad, more);
    for await (const event of whole.trainer.fit())
      if (event.type === "step" || event.type === "nonfinite") saved.push(decodeCheckpoint(bytesOf(whole.trainer), "memory"));
    assert.is(saved.length, accumulate === 1 ? 9 : 6);
    let { chain } = whole.entries[0];
    for (const entry of whole.entries.slice(1)) {
      chain = chainAfter(chain, entry as StepDigest | SkipDigest);
      assert.is(entry.chain, chain);
    }
    const skips = whole.entries.filter((entry) => "skipped" in entry);
    const told = accumulate === 1 ? "0 (loss); 3 (loss), 4 (loss); 8 (loss)" : "0 to 1 (loss); 3 to 4 (loss); 8 (loss)";
    assert.is([1, 3, 6].map((step) => skipsBefore({ skips }, accumulate === 1 ? step : { 1: 1, 3: 2, 6: 4 }[step] ?? 0)).join("; "), told); // prettier-ignore
    for (const [at, checkpoint] of saved.entries()) {
      const rest = trainerOf(bad, more);
      rest.trainer.resume(checkpoint);
      await run(rest.trainer);
      assert.ok(same(bytesOf(rest.trainer), bytesOf(whole.trainer)), `after ${at + 1} of ${saved.length}`);
    }
  }
});

test("the 25th step in a row that is not finite ends the run, wherever it was resumed", async () => {
  const all = Array.from({ length: 60 }, (_, index) => index).slice(2);
  const more = { onNonFinite: "skip", epochs: 20 } as const;
  const { trainer } = trainerOf(all, more);
  const { events, error } = await run(trainer);
  assert.is(events.filter((event) => event.type === "nonfinite" && event.skipped).length, 24);
  assert.match((error as Error).message, /^train: loss NaN in step 3, .*; 25 steps in a row were not made, at most 24 are passed over; weights and all else are still those of step 2; look at the data$/); // prettier-ignore
  assert.is(trainer.checkpoint().state["step"], 26);
  const again = trainerOf(all, more).trainer;
  again.resume(trainer.checkpoint());
  assert.match(((await run(again)).error as Error).message, /25 steps in a row/);
  // A step that is made ends the row.
  const rest = trainerOf(all.filter((batch) => batch !== 14), more).trainer; // prettier-ignore
  const later = await run(rest);
  assert.is(later.events.filter((event) => event.type === "nonfinite" && event.skipped).length, 12 + 24);
});

test("digests and events of batches passed over are read back as they were written", () => {
  const chain = "0123456789abcdef".repeat(4);
  const begin: DigestBegin = { begin: 0, contract: "2", state: chain, chain };
  const skip: SkipDigest = { skipped: 4, batches: 2, after: 0, what: "gradient", chain };
  const read = parseDigests(new TextEncoder().encode([begin, skip].map((entry) => `${formatDigest(entry)}\n`).join("")), "digests.jsonl");
  assert.equal(read.entries, [begin, skip]);
  assert.equal(read.skips, [skip]);
  assert.is(read.steps.size, 0);
  assert.throws(() => parseDigests(new TextEncoder().encode(`${formatDigest({ ...skip, what: "sum" as "loss" })}\n`), "d"), /what "sum"/);
  const event: RunEvent = {
    type: "nonfinite",
    epoch: 1,
    step: 3,
    batch: 2,
    batches: 1,
    what: "gradient",
    name: "stem.conv.weight",
    value: -Infinity,
    layer: "stem.conv",
    shards: [0, 2],
    learningRate: 0.1,
    skipped: true,
  };
  assert.equal(parseLog(`${formatEvent(event)}\n`, "log.jsonl").events, [event]);
});

test("a row with a NaN among its logits is wrong, in the first five too, and has no guess; infinities are larger or smaller than all", () => {
  const rows = [
    [0, NaN, 2],
    [NaN, NaN, NaN],
    [1, 2, Infinity],
    [-Infinity, 3, 1],
  ];
  const { losses, predictions, probabilities, inFirstFive } = rank(rows.flat(), [1, 0, 2, 1], [1, 2, NaN, 0.5], 4, 3);
  assert.equal([...predictions], [-1, -1, 2, 1]);
  assert.equal([...inFirstFive], [0, 0, 1, 1]);
  assert.equal([...losses], [NaN, NaN, NaN, 0.5]);
  assert.equal([...probabilities].map(Number.isNaN), [true, true, true, false]);
});

test("an evaluation counts what is not finite, and takes nothing for right by it", async () => {
  const pool = open();
  const bad = source([0, 1, 2]);
  const { loss, top1, top5, confusion, nonFinite } = await summarize(pool, bad, 10);
  const clean = await summarize(pool, source([]), 10);
  assert.not.ok("nonFinite" in clean);
  assert.is(nonFinite, 3);
  assert.ok(Number.isNaN(loss) && top1 <= clean.top1 && top5 < clean.top5);
  assert.is(confusion.flat().reduce((sum, count) => sum + count, 0), 21); // prettier-ignore
});

test.run();
