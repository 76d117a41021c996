// Teams: an explicit loop gives their bits; failures are told and leave the state alone.
// Run as compiled JavaScript.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, scope, shapes } from "../../ts/node.ts";
import type { RawBatch } from "../../ts/train/index.ts";
import * as packageProgram from "./package-program.ts";
import * as program from "./program.ts";

const module = new URL("./program.ts", import.meta.url);
const dataset = shapes({ count: 120, seed: 3 });

async function firstOf(loader: DataLoader): Promise<RawBatch> {
  for await (const batch of loader.epoch(0)) return batch;
  throw new Error("no batch");
}

const test = suite("team");

test("an explicit loop on the calling thread gives the bits of a team", async () => {
  const loader = (): DataLoader => new DataLoader(dataset, { batchSize: 26, shuffle: true, seed: 9 });
  const model = program.createModel({});
  const optimizer = program.createOptimizer(model, {});
  for await (const batch of loader())
    scope(() => {
      program.loss(model, batch, {}).loss.backward();
      optimizer.step();
    });
  const team = await createTeam({ module, workers: 2 });
  for await (const batch of loader()) await team.step(batch);
  assert.is(digest(team.model), digest(model));
  await team.close();
});

test("a program that imports the package trains on the team's memory", async () => {
  const local = new LocalPool(packageProgram);
  const team = await createTeam({ module: new URL("./package-program.ts", import.meta.url), workers: 2 });
  const batch = await firstOf(new DataLoader(dataset, { batchSize: 26, seed: 9 }));
  for (const pool of [local, team]) await pool.step(batch);
  assert.is(digest(team.model), digest(local.model));
  for (const pool of [local, team]) await pool.close();
});

test("a path in place of an address is an error that says how to write one", async () => {
  const path = "./program.ts" as unknown as URL;
  let message = "";
  await createTeam({ module: path, workers: 1 }).catch((error: Error) => (message = error.message));
  assert.is(message, 'createTeam: module ./program.ts, wanted new URL("./program.js", import.meta.url)');
});

test("a program that throws in one worker fails the step, and no more than the step", async () => {
  const loader = new DataLoader(dataset, { batchSize: 26, seed: 9 });
  const team = await createTeam({ module, workers: 3, options: { explode: "loss" } });
  const before = digest(team.model);
  const batch = await firstOf(loader);
  let message = "";
  await team.step(batch).catch((error: Error) => (message = error.message));
  assert.match(message, /exploded on purpose/);
  assert.is(digest(team.model), before);
  assert.is((await team.evaluate(batch)).predictions.length, 26);
  await team.close();
});

test("workers that end in mid-step are replaced, and the step is done again to the same bits", async () => {
  const loader = new DataLoader(dataset, { batchSize: 26, seed: 9 });
  const digests: string[] = [];
  const marks = mkdtempSync(join(tmpdir(), "perpend-team-"));
  for (const explode of ["exit", "no"]) {
    const team = await createTeam({ module, workers: 3, options: { explode, marks } });
    for await (const batch of loader.epoch(0)) await team.step(batch);
    const faults = team.takeFaults();
    assert.equal(
      faults.map(({ kind, step }) => [kind, step]),
      explode === "no"
        ? []
        : [
            ["exit", 1],
            ["exit", 1],
          ],
    );
    for (const { message, attempt, seconds } of faults) {
      assert.is(message, "exited with code 3");
      assert.is(attempt, 1);
      assert.ok(seconds > 0);
    }
    assert.equal(team.takeFaults(), []);
    digests.push(digest(team.model));
    await team.close();
  }
  rmSync(marks, { recursive: true });
  assert.is(digests[0], digests[1]);
});

interface Inside {
  readonly crew: { readonly living: Set<{ readonly pool: { readonly threads: readonly Worker[] } }> };
}

test("a step asked for while a thread is on its way out starts none that nobody knows of", async () => {
  const loader = new DataLoader(dataset, { batchSize: 26, seed: 9 });
  const local = new LocalPool(program);
  const team = await createTeam({ module, workers: 2 });
  const [{ pool }] = [...(team as unknown as Inside).crew.living];
  let steps = 0;
  for await (const batch of loader.epoch(0)) {
    await local.step(batch);
    // As an error that nobody catches: the pool hears of it before the thread ends.
    if (++steps === 2) pool.threads[0].emit("error", new Error("test: exploded on purpose"));
    await team.step(batch);
    if (steps >= 2) assert.equal(pool.threads, []);
  }
  assert.equal(
    team.takeFaults().map(({ kind, message }) => [kind, message]),
    [["crash", "test: exploded on purpose"]],
  );
  assert.is(digest(team.model), digest(local.model));
  for (const opened of [local, team]) await opened.close();
});

test("bad counts of workers are refused with both numbers", async () => {
  for (const [workers, pattern] of [
    [0, /0 workers/],
    [1.5, /1\.5 workers/],
    [1000, /1000 workers for 24 shards/],
  ] as const) {
    let message = "";
    await createTeam({ module, workers, shards: 24 }).catch((error: Error) => (message = error.message));
    assert.match(message, pattern);
  }
  const team = await createTeam({ module, workers: 3 });
  const small = new DataLoader(dataset, { batchSize: 8 });
  let message = "";
  await team.step(await firstOf(small)).catch((error: Error) => (message = error.message));
  assert.match(message, /3 workers for 2 shards of a batch of 8/);
  await team.close();
});

test("a program that cannot be made says why", async () => {
  let message = "";
  await createTeam({ module, workers: 2, options: { explode: "create" } }).catch((error: Error) => (message = error.message));
  assert.match(message, /exploded on purpose/);
});

test.run();
