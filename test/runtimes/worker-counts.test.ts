// Digests of four small models from three seeds, with no worker, 1, 2, 3, 4 and 8: equal to the last bit. The built package, in processes
// of their own.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cases } from "./cases.ts";
import { ask } from "./launch.ts";
import { stage } from "./stage.ts";

const SEEDS = [1, 2, 3];
const WORKERS = [1, 2, 3, 4, 8];

const runs = Object.keys(cases).flatMap((name) => SEEDS.map((seed) => [name, seed] as const));
const train = async (workers: number): Promise<readonly string[]> =>
  (await ask({ command: [process.execPath] }, { entry: "node", workers, runs })).outcomes;

stage();
const expected = await train(0);

const test = suite("worker counts");

test("every model and seed has digests of its own", () => {
  assert.is(expected.length, 12);
  assert.is(new Set(expected).size, 12);
});

for (const workers of WORKERS)
  test(`${workers} workers give the digests of none`, async () => {
    const found = await train(workers);
    runs.forEach(([name, seed], index) => assert.is(found[index], expected[index], `${name}, seed ${seed}`));
    assert.is(found.length, expected.length);
  });

test.run();
