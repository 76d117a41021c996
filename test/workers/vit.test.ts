// Training a vision transformer: teams of any size, and the calling thread alone, recomputing or not, give the same bits.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes } from "../../ts/node.ts";
import type { JsonObject } from "../../ts/train/index.ts";
import * as program from "./vit-program.ts";

const module = new URL("./vit-program.ts", import.meta.url);
const dataset = shapes({ count: 39, seed: 3 });

async function outcome(workers: number, options: JsonObject = {}): Promise<string> {
  const pool = workers === 0 ? new LocalPool(program, { options }) : await createTeam({ module, workers, options });
  const loader = new DataLoader(dataset, { batchSize: 13, shuffle: true, seed: 9, shards: 5 });
  const told: string[] = [];
  for (let epoch = 0; epoch < 2; epoch++)
    for await (const batch of loader.epoch(epoch)) {
      const { loss, correct, gradNorm, observations } = await pool.step(batch, { clipGrad: 1 });
      told.push([loss, correct, gradNorm, JSON.stringify(observations)].join(" "));
    }
  told.push(digest(pool.model));
  await pool.close();
  return told.join("\n");
}

const test = suite("workers/vit");

test("0, 1, 2, 3 workers", async () => {
  const alone = await outcome(0);
  assert.match(alone, /\n[0-9a-f]{64}$/);
  // Four additions, each measured in turn.
  assert.match(alone, /"block":3/);
  for (const workers of [1, 2, 3]) assert.is(await outcome(workers), alone, `${workers} workers`);
  for (const workers of [0, 3]) assert.is(await outcome(workers, { checkpointBlocks: 1 }), alone, `${workers} workers, recomputed`);
});

test("the loss of a batch falls", async () => {
  const pool = new LocalPool(program, {});
  const loader = new DataLoader(dataset, { batchSize: 13, seed: 9, shards: 5 });
  const losses: number[] = [];
  for await (const batch of loader.epoch(0)) {
    for (let step = 0; step < 25; step++) losses.push((await pool.step(batch)).loss);
    break;
  }
  await pool.close();
  assert.ok(losses[24] < 0.3 * losses[0], `${losses[0]} to ${losses[24]}`);
});

test.run();
