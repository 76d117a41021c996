// A run of 40 steps gives the same bits when it is stopped at any step and gone on with on another number of threads: all values that a
// checkpoint holds, and the chain of digests.
// Run as compiled JavaScript.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeCheckpoint } from "../../ts/node.ts";
import * as program from "../workers/program.ts";
import { Pools, wholeRun, type Run } from "./resuming.ts";

const STEPS = 40;

const run: Run = {
  module: new URL("../workers/program.ts", import.meta.url),
  program,
  options: { optimizer: "adamw", dropout: true },
  emaDecay: 0.9,
  steps: STEPS,
  seed: 11,
  image: { height: 8, width: 8, channels: 3 },
  classes: 10,
  batchSize: 12,
  shards: 5,
  accumulate: 2,
};

const whole = await wholeRun(run);
const pools = new Pools(run, [0, 1, 2, 3, 4]);
const folder = mkdtempSync(join(tmpdir(), "perpend-resume-"));

const test = suite("resume at every step");

test.after(async () => {
  await pools.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the run is long enough to stop in the middle of epochs and at their ends", () => {
  assert.is(whole.bytes.length, STEPS + 1);
  assert.is(new Set(whole.bytes.map((bytes) => decodeCheckpoint(bytes, "here").state["batch"])).size, 3);
  assert.match(whole.last, /^[0-9a-f]{64}$/);
});

test("stopped after every step and gone on with from the file, on other threads each time", () => pools.stopAfterEveryStep(whole, folder));

test("gone on with from every step to the end, on other threads each time", () => pools.goOnFromEveryStep(whole));

test.run();
