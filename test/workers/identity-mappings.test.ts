// Orders of activation and kinds of shortcut give the same bits with any number of workers.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes, type Pool } from "../../ts/node.ts";
import * as program from "./identity-program.ts";

const module = new URL("./identity-program.ts", import.meta.url);
const dataset = shapes({ count: 60, seed: 3 });

/** Weights, losses and counts of right answers after four steps. */
async function outcome(pool: Pool): Promise<string> {
  const loader = new DataLoader(dataset, { batchSize: 14, shuffle: true, seed: 9, shards: 5 });
  const told: string[] = [];
  for await (const batch of loader.epoch(0)) {
    if (told.length === 4) break;
    const { loss, correct } = await pool.step([batch]);
    told.push(`${loss} ${correct}`);
  }
  return [digest(pool.model), ...told].join("\n");
}

const test = suite("workers/identity-mappings");
const seen = new Set<string>();

/** Starting threads is what takes the time. */
const counts = (net: string): number[] => (net === program.names[0] ? [0, 2, 3] : [0, 2]);

for (const net of program.names)
  test(`${counts(net).join(", ")} workers: ${net}`, async () => {
    const found: string[] = [];
    for (const workers of counts(net)) {
      const pool = workers === 0 ? new LocalPool(program, { options: { net } }) : await createTeam({ module, workers, options: { net } });
      found.push(await outcome(pool));
      await pool.close();
    }
    assert.match(found[0], /^[0-9a-f]{64}\n/);
    assert.is(found[0].split("\n").length, 5);
    for (const other of found.slice(1)) assert.is(other, found[0]);
    seen.add(found[0]);
  });

test("different nets give different bits", () => {
  assert.is(seen.size, program.names.length);
});

test.run();
