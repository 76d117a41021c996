// Steps that compute activations again give the bits of steps that do not, with any number of workers.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes } from "../../ts/node.ts";
import type { JsonObject } from "../../ts/train/index.ts";
import * as program from "./program.ts";

const module = new URL("./program.ts", import.meta.url);
const dataset = shapes({ count: 24, seed: 3 });

async function outcome(workers: number, options: JsonObject, bnGroup: number): Promise<string> {
  const pool = workers === 0 ? new LocalPool(program, { options }) : await createTeam({ module, workers, options });
  const loader = new DataLoader(dataset, { batchSize: 12, shuffle: true, seed: 9, bnGroup, shards: 3 });
  const told: string[] = [];
  for (let epoch = 0; epoch < 2; epoch++)
    for await (const batch of loader.epoch(epoch)) {
      // Two batches make a step: each has its own forward and backward pass.
      const { loss, correct, observations } = await pool.step([batch, batch]);
      told.push([loss, correct, JSON.stringify(observations)].join(" "));
    }
  told.push(digest(pool.model));
  await pool.close();
  return told.join("\n");
}

const test = suite("workers/recomputation");

for (const [bnGroup, counts] of [
  [0, [0, 1, 2, 3]],
  [4, [0, 3]],
] as const)
  test(`${counts.join(", ")} workers, ${bnGroup === 0 ? "statistics of the batch" : "group statistics"}`, async () => {
    const options = { depth: 14, dropout: true };
    const wanted = await outcome(0, options, bnGroup);
    assert.match(wanted, /\n[0-9a-f]{64}$/);
    assert.match(wanted, /"rhoParallel"/);
    for (const workers of counts)
      assert.is(await outcome(workers, { ...options, checkpointBlocks: 2 }, bnGroup), wanted, `${workers} workers`);
  });

test.run();
