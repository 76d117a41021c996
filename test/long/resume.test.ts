// Three runs of 200 steps, stopped at every step and gone on with on another number of threads, from a file and from every step to the end.
// About 20 minutes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as cases from "../runtimes/team-program.ts";
import { Pools, wholeRun, type Run } from "../train/resuming.ts";
import * as program from "../workers/program.ts";

const STEPS = 200;
const WORKERS = [0, 1, 2, 3, 4];

const usual = {
  module: new URL("../workers/program.ts", import.meta.url),
  program,
  steps: STEPS,
  emaDecay: 0.95,
  seed: 21,
  image: { height: 8, width: 8, channels: 3 },
  classes: 10,
};

const runs: Readonly<Record<string, Run>> = {
  "orthogonal, AdamW, dropout, two batches a step": {
    ...usual,
    ...{ options: { optimizer: "adamw", dropout: true }, batchSize: 12, shards: 5, accumulate: 2 },
  },
  "SGD, recomputed, a last batch smaller than its shards": {
    ...usual,
    ...{ options: { depth: 14, checkpointBlocks: 1 }, batchSize: 10, shards: 7, accumulate: 1 },
  },
  "layer and group norm, every activation": {
    ...usual,
    ...{ module: new URL("../runtimes/team-program.ts", import.meta.url), program: cases, options: { name: "mixed" } },
    ...{ image: { height: 10, width: 10, channels: 3 }, classes: 5, batchSize: 16, shards: 6, accumulate: 1 },
  },
};

const test = suite("resume at every step, longer");

for (const [name, run] of Object.entries(runs))
  test(name, async () => {
    const whole = await wholeRun(run);
    assert.is(whole.bytes.length, STEPS + 1);
    const pools = new Pools(run, WORKERS);
    const folder = mkdtempSync(join(tmpdir(), "perpend-resume-"));
    try {
      await pools.stopAfterEveryStep(whole, folder);
      await pools.goOnFromEveryStep(whole);
    } finally {
      await pools.close();
      rmSync(folder, { recursive: true, force: true });
    }
    console.log(`${name}: ${2 * STEPS} times gone on with, the same bits`);
  });

test.run();
