// Ten thousand losses of workers: teams of one to four, both ways of batch norm, another seed each time; the numbers are those of runs
// without. Takes about 45 minutes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkStorm } from "../workers/storm/check.ts";

const LOSSES = 10_000;

const test = suite("storms");

test(`${LOSSES} losses leave no trace`, async () => {
  let lost = 0;
  for (let seed = 1000; lost < LOSSES; seed++) {
    const variant = seed % 2 === 0 ? "batch norm" : "group norm";
    const storm = { seed, workers: 1 + ((seed >> 1) % 4), faults: 240, hangs: 40, variant } as const;
    lost += (await checkStorm(storm)).lost;
    console.log(`${lost} losses`);
  }
  assert.ok(lost >= LOSSES);
});

test.run();
