// A run of 40 steps gives the same bits when it is stopped at any step and gone on with on another number of threads: all values that a
// checkpoint holds, and the chain of digests.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointStore, decodeCheckpoint, encodeCheckpoint, type Pool } from "../../ts/node.ts";
import * as program from "../workers/program.ts";
import { finish, openPool, trainerOf, type Run } from "./resuming.ts";

const STEPS = 40;
const WORKERS = [0, 1, 2, 3, 4];

const run: Run = {
  module: new URL("../workers/program.ts", import.meta.url),
  program,
  options: { optimizer: "adamw", dropout: true },
  emaDecay: 0.9,
  steps: STEPS,
  seed: 11,
  image: { height: 8, width: 8, channels: 3 },
  batchSize: 12,
  shards: 5,
  accumulate: 2,
};

const folder = mkdtempSync(join(tmpdir(), "perpend-resume-"));
const teams = new Map<number, Pool>();

/** Teams are used again and again, by runs at other steps: what they keep beside a checkpoint's values would show. */
async function poolOf(workers: number): Promise<Pool> {
  if (workers === 0) return openPool(run, 0);
  const known = teams.get(workers) ?? (await openPool(run, workers));
  teams.set(workers, known);
  return known;
}

/** Bytes of the checkpoint after every step of the run that nothing stops, and the last digest. */
const bytes: Uint8Array[] = [];
let last = "";

const test = suite("resume at every step");

test.before(async () => {
  const pool = await openPool(run, 0);
  const { trainer, chain } = trainerOf(run, pool);
  bytes.push(encodeCheckpoint(trainer.checkpoint()));
  for await (const event of trainer.fit()) if (event.type === "step") bytes.push(encodeCheckpoint(trainer.checkpoint()));
  last = chain.get(STEPS) ?? "";
  await pool.close();
});

test.after(async () => {
  for (const pool of teams.values()) await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

const equalBytes = (found: Uint8Array, wanted: Uint8Array): boolean => Buffer.compare(found, wanted) === 0;

test("the run is long enough to stop in the middle of epochs and at their ends", () => {
  assert.is(bytes.length, STEPS + 1);
  assert.is(new Set(bytes.map((each) => decodeCheckpoint(each, "here").state["batch"])).size, 3);
  assert.match(last, /^[0-9a-f]{64}$/);
});

test("stopped after every step and gone on with from the file, on other threads each time", async () => {
  const store = new CheckpointStore({ dir: folder });
  for (let step = 0; step < STEPS; step++) {
    const pool = await poolOf(WORKERS[step % WORKERS.length]);
    const { trainer, chain } = trainerOf(run, pool, {
      maxSteps: step + 1,
      save: (checkpoint, about) => store.save(about.step, encodeCheckpoint(checkpoint)),
    });
    const found = await store.latest();
    assert.is(found === undefined, step === 0);
    trainer.resume(found?.checkpoint ?? decodeCheckpoint(bytes[0], "the beginning"));
    await finish(trainer);
    const saved = readFileSync(store.pathOf(step + 1));
    assert.ok(equalBytes(saved, bytes[step + 1]), `other bytes after step ${step + 1} on ${pool.workers} workers`);
    if (step + 1 === STEPS) assert.is(chain.get(STEPS), last);
  }
});

test("gone on with from every step to the end, on other threads each time", async () => {
  for (let step = 0; step < STEPS; step++) {
    const pool = await poolOf(WORKERS[(step + 2) % WORKERS.length]);
    const { trainer, chain } = trainerOf(run, pool);
    trainer.resume(decodeCheckpoint(bytes[step], `step ${step}`));
    await finish(trainer);
    const where = `from step ${step} on ${pool.workers} workers`;
    assert.is(chain.get(STEPS), last, where);
    assert.is(chain.size, STEPS + 1 - step, where);
    assert.ok(equalBytes(encodeCheckpoint(trainer.checkpoint()), bytes[STEPS]), `other bytes ${where}`);
  }
});

test.run();
