// Skips that draw, switch and keep statistics: teams of any size, and a run resumed in the middle, give the bits of one thread.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes, type Pool, type RawBatch } from "../../ts/node.ts";
import * as program from "./skip-program.ts";

const module = new URL("./skip-program.ts", import.meta.url);
const STEPS = 5;

async function batches(): Promise<RawBatch[]> {
  const loader = new DataLoader(shapes({ count: 60, seed: 3 }), { batchSize: 12, shuffle: true, seed: 9, shards: 5 });
  const found: RawBatch[] = [];
  for await (const batch of loader.epoch(0)) found.push(batch);
  return found.slice(0, STEPS);
}

/** All bits of a training, and of an evaluation after each step. */
async function outcome(pool: Pool): Promise<string[]> {
  const all = await batches();
  assert.is(all.length, STEPS);
  const told: string[] = [];
  for (const batch of all) {
    const { loss, correct } = await pool.step([batch]);
    const { losses } = await pool.evaluate(all[0]);
    told.push([loss, correct, losses.join(), digest(pool.model)].join("\n"));
  }
  await pool.close();
  return told;
}

const test = suite("workers/skips");

test("0, 2 and 3 workers give the same bits", async () => {
  const wanted = await outcome(new LocalPool(program));
  assert.is(new Set(wanted).size, STEPS);
  for (const workers of [2, 3]) assert.equal(await outcome(await createTeam({ module, workers })), wanted, `${workers} workers`);
});

test("the flag of a switch is saved, and the other skip goes on from there", async () => {
  const pool = new LocalPool(program);
  const flags: number[] = [];
  const all = await batches();
  for (const batch of all) {
    await pool.step([batch]);
    flags.push(pool.model.stateDict()["stages.0.blocks.0.skip.switched"].values[0]);
  }
  assert.equal(flags, [0, 0, 1, 1, 1]);
  const { losses } = await pool.evaluate(all[0]);
  const other = new LocalPool(program);
  other.model.loadStateDict(pool.model.stateDict());
  assert.equal((await other.evaluate(all[0])).losses, losses);
  await pool.close();
  await other.close();
});

test.run();
