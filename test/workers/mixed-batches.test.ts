// Mixed batches: shares of classes reach every worker, and teams of any size give the bits of the calling thread.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes, type MixOptions, type Pool } from "../../ts/node.ts";
import * as program from "./program.ts";

const module = new URL("./program.ts", import.meta.url);
const dataset = shapes({ count: 44, seed: 3 });

async function outcome(pool: Pool, mix: MixOptions | null): Promise<string> {
  const loader = new DataLoader(dataset, { batchSize: 22, shuffle: true, seed: 9, shards: 5, ...(mix && { mix }) });
  const told: string[] = [];
  for await (const batch of loader.epoch(0)) {
    const { loss, correct } = await pool.step(batch);
    told.push(`${loss} ${correct}`);
  }
  const weights = digest(pool.model);
  await pool.close();
  return [weights, ...told].join("\n");
}

const test = suite("mixed batches");

test("0 and 3 workers give the same bits, others than without mixing", async () => {
  const mix: MixOptions = { mixup: 0.8, cutmix: 1, each: "sample" };
  const alone = await outcome(new LocalPool(program), mix);
  assert.not.equal(alone, await outcome(new LocalPool(program), null));
  assert.is(await outcome(await createTeam({ module, workers: 3 }), mix), alone);
});

test.run();
