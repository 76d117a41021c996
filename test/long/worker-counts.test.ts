// Digests of eight more models from ten seeds, and of the four of `npm test`, with no worker, 1, 2, 3, 4 and 8.
// about 8 minutes
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allCases } from "../runtimes/cases.ts";
import { ask } from "../runtimes/launch.ts";
import { stage } from "../runtimes/stage.ts";

const SEEDS = Array.from({ length: 10 }, (_, index) => 101 + index);
const WORKERS = [1, 2, 3, 4, 8];

const train = async (name: string, workers: number): Promise<readonly string[]> => {
  const runs = SEEDS.map((seed) => [name, seed] as const);
  return (await ask({ command: [process.execPath], limit: 600 }, { entry: "node", workers, runs })).outcomes;
};

stage();

const test = suite("worker counts, more models");
const seen = new Set<string>();

for (const name of Object.keys(allCases))
  test(`${name}: ${SEEDS.length} seeds with ${WORKERS.join(", ")} workers`, async () => {
    const start = performance.now();
    const expected = await train(name, 0);
    assert.is(expected.length, SEEDS.length);
    for (const outcome of expected) seen.add(outcome);
    for (const workers of WORKERS) {
      const found = await train(name, workers);
      SEEDS.forEach((seed, index) => assert.is(found[index], expected[index], `${name}, seed ${seed}, ${workers} workers`));
      assert.is(found.length, expected.length);
    }
    console.log(`${name}: ${SEEDS.length * WORKERS.length} digests equal, ${((performance.now() - start) / 1000).toFixed(0)} s`);
  });

test("every model and seed has digests of its own", () => assert.is(seen.size, SEEDS.length * Object.keys(allCases).length));

test.run();
