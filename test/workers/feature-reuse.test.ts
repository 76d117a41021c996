// Steps that leave branches out and steps that freeze the rest: the same bits from any number of workers.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes, type Pool } from "../../ts/node.ts";
import * as program from "./reuse-program.ts";

const module = new URL("./reuse-program.ts", import.meta.url);
const dataset = shapes({ count: 40, seed: 3 });

async function train(pool: Pool): Promise<string[]> {
  const loader = new DataLoader(dataset, { batchSize: 20, shuffle: true, seed: 9, shards: 4 });
  const found: string[] = [];
  for (const epoch of [0, 1, 2])
    for await (const batch of loader.epoch(epoch)) found.push(String((await pool.step(batch)).loss), digest(pool.model));
  for await (const batch of loader.epoch(0)) found.push((await pool.evaluate(batch)).losses.join());
  assert.not.ok(pool.model.parameters().some(({ frozen }) => frozen));
  await pool.close();
  return found;
}

const test = suite("workers/feature-reuse");

for (const [skip, norm] of [
  ["additive", "follow whole nets"],
  ["orthogonal", "freeze"],
] as const)
  test(`${skip}, ${norm}`, async () => {
    const options = { skip, norm };
    const wanted = await train(new LocalPool(program, { options }));
    for (const workers of [1, 3])
      assert.equal(await train(await createTeam({ module, workers, shards: 4, options })), wanted, `${workers} workers`);
  });

test.run();
