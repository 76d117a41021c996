// Four mistakes are planted in a team, and each time a storm comes to other numbers, or to no end. (test/long plants more, in a copy of the
// sources.)
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mistakes } from "../../long/planted.ts";
import { checkStorm } from "./check.ts";
import { PLANTS } from "./plants.ts";
import type { Storm } from "./run.ts";

/** What brings each to light, other than three ends of threads. */
const other: Readonly<Record<string, Partial<Storm>>> = {
  "gradients are added up in the order in which they come": { workers: 4 },
  "weights are updated in place": { workers: 2, faults: 6 },
  "a worker that comes late is neither ended nor refused": { workers: 2, faults: 9, kinds: ["late"], seconds: 0.8 },
};

const test = suite("planted mistakes");

for (const plant of Object.keys(PLANTS))
  test(plant, async () => {
    const storm = { seed: 4, workers: 3, faults: 3, hangs: 1, variant: "batch norm", kinds: ["exit"], plant, ...other[plant] } as const;
    const strike = (): Promise<string | null> =>
      checkStorm(storm).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
    let message = await strike();
    // Node 20 may end the process where a thread is ended while it loads modules, which shows no mistake.
    for (let again = 0; again < 3 && message?.includes("IsGraphAsync"); again++) message = await strike();
    console.log(`${plant}: ${message === null ? "NOT CAUGHT" : `caught, ${message.slice(0, 100)}`}`);
    assert.match(message ?? "no check failed", /another number|WorkerFault|left behind/);
  });

test("the places where the long tests plant theirs are there", () => {
  assert.is(mistakes.length, 12);
  for (const { name, changes } of mistakes)
    for (const { path, from } of changes)
      assert.is(
        readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8").split(from).length,
        2,
        `${name}: ${path} has not once ${from}`,
      );
});

test.run();
