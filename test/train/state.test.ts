// The state of a run as a checkpoint: counts of updates by parameter, and what is refused.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DataLoader, decodeCheckpoint, digest, encodeCheckpoint, LocalPool, shapes } from "../../ts/node.ts";
import type { RawBatch } from "../../ts/train/index.ts";
import { captureState, restoreState } from "../../ts/train/state.ts";
import * as program from "../workers/program.ts";

const position = { epoch: 0, batch: 2, step: 2 };
const open = (): LocalPool => new LocalPool(program, { options: { optimizer: "adamw" } });

async function batches(): Promise<RawBatch[]> {
  const found: RawBatch[] = [];
  for await (const batch of new DataLoader(shapes({ count: 48, seed: 3 }), { batchSize: 12 }).epoch(0)) found.push(batch);
  return found;
}

const test = suite("state");

test("a parameter that was frozen for a while goes on with its own count of updates", async () => {
  const [first, second, third] = await batches();
  const pool = open();
  pool.model.freeze((key) => key.startsWith("head"));
  await pool.step(first);
  pool.model.freeze(undefined, false);
  await pool.step(second);
  const checkpoint = decodeCheckpoint(encodeCheckpoint(captureState(pool, position)), "memory");
  assert.equal(checkpoint.state["slotSteps"], { "head.fc.weight": 1, "head.fc.bias": 1 });
  await pool.step(third);
  const again = open();
  assert.equal(restoreState(again, checkpoint), position);
  await again.step(third);
  assert.is(digest(again.model), digest(pool.model));
  assert.equal(new Set(again.optimizer.slots.map(({ steps }) => steps)), new Set([2, 3]));
  // Without the counts the bits are others: the test can fail.
  const blind = open();
  restoreState(blind, { ...checkpoint, state: { ...checkpoint.state, slotSteps: {} } });
  await blind.step(third);
  assert.is.not(digest(blind.model), digest(pool.model));
});

test("a checkpoint without counts by parameter has one for all; bad counts are refused and change nothing", async () => {
  const [first] = await batches();
  const pool = open();
  await pool.step(first);
  const { tensors, state } = captureState(pool, position);
  assert.equal(state["slotSteps"], {});
  const { slotSteps: _none, ...early } = state;
  const again = open();
  restoreState(again, { tensors, state: early });
  assert.ok(again.optimizer.slots.every(({ steps }) => steps === 1));
  const before = digest(again.model);
  for (const slotSteps of [3, null, [1], { "head.fc.bias": "one" }])
    assert.throws(() => restoreState(again, { tensors, state: { ...state, slotSteps } }), /checkpoint: (slotSteps|head\.fc\.bias) is /);
  assert.is(digest(again.model), before);
});

test.run();
