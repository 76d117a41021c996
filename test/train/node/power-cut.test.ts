// The power goes at every file operation of a save, and every disk that may be found afterwards is tried: what was saved before is there,
// whole, and the run goes on. Then the same with mistakes planted: a test that would not see them is none.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeCheckpoint } from "../../../ts/train/checkpoint-format.ts";
import { CheckpointStore } from "../../../ts/train/node/checkpoint-store.ts";
import type { Files } from "../../../ts/train/node/atomic-file.ts";
import { faulty, without } from "./faulty-files.ts";
import { MemoryFiles } from "./memory-files.ts";

const test = suite("power cut");
const dir = "/runs/a/checkpoints";

const contents = [1, 2, 3, 4, 5].map((step) =>
  encodeCheckpoint({ tensors: new Map([["w", { shape: [8], values: new Float32Array(8).fill(step) }]]), state: { step } }),
);
const bytesOf = (step: number): Uint8Array => contents[step - 1];

/** The step that a run would go on from: the newest whole checkpoint's. Throws where there is something, and nothing whole. */
async function stepOn(files: Files): Promise<number> {
  const found = await new CheckpointStore({ dir, files }).latest();
  if (found === undefined) return 0;
  if (found.skipped.length > 0) throw new Error(`a damaged file in the place of a good one: ${found.skipped[0].reason}`);
  return Number(found.checkpoint.state["step"]);
}

type Change = (store: CheckpointStore) => Promise<unknown>;

/**
 * Cuts the power at every operation of `change`, after `before` steps were saved, and counts the disks tried. On each one the newest
 * checkpoint must be of one of the `wanted` steps (of the last of them once the change was reported done), and another save must work.
 */
async function cutEverywhere(
  before: number,
  change: Change,
  wanted: readonly number[],
  flawed: (files: Files) => Files = (files) => files,
): Promise<number> {
  let disks = 0;
  for (let at = 1; ; at++) {
    const disk = new MemoryFiles();
    await disk.mkdir("/runs");
    const store = new CheckpointStore({ dir, keep: 2, files: flawed(disk) });
    for (let step = 1; step <= before; step++) await store.save(step, bytesOf(step), { best: step === 1 });
    const files = faulty(flawed(disk), { at, code: "EIO", sticky: true });
    const done = await change(new CheckpointStore({ dir, keep: 2, files })).then(
      () => true,
      () => false,
    );
    for (const left of disk.afterPowerCut()) {
      disks++;
      const step = await stepOn(left);
      const good = done ? wanted.slice(-1) : wanted;
      if (!good.includes(step)) throw new Error(`operation ${at}: step ${step} in ${left.paths().join(" ")}, wanted ${good.join(" or ")}`);
      // Each last of a few disks is gone on with.
      if (disks % 7 === 0) {
        await new CheckpointStore({ dir, keep: 2, files: left }).save(5, bytesOf(5));
        assert.is(await stepOn(left), 5);
        assert.not.ok(left.paths().some((path) => path.endsWith(".tmp")));
      }
    }
    if (files.calls() < at) return disks;
  }
}

test("nothing that was saved is lost, whenever it happens", async () => {
  const first = await cutEverywhere(0, (store) => store.save(1, bytesOf(1), { best: true }), [0, 1]);
  const third = await cutEverywhere(2, (store) => store.save(3, bytesOf(3), { best: true }), [2, 3]);
  const again = await cutEverywhere(2, (store) => store.save(2, bytesOf(2)), [2]);
  const discarded = await cutEverywhere(3, (store) => store.discardAfter(2), [3, 2]);
  console.log(`disks tried: ${first} at the first save, ${third} at the third, ${again} at a save again, ${discarded} at a resume`);
  assert.ok(first > 100 && third > 100 && again > 80 && discarded > 40, `${first} ${third} ${again} ${discarded}`);
});

async function mistakeSeen(flawed: (files: Files) => Files): Promise<string> {
  try {
    await cutEverywhere(0, (store) => store.save(1, bytesOf(1)), [0, 1], flawed);
    await cutEverywhere(2, (store) => store.save(3, bytesOf(3)), [2, 3], flawed);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the mistake was not seen");
}

test("a missing flush of the file or of the folder is seen", async () => {
  assert.match(await mistakeSeen((files) => without(files, "file sync")), /^checkpoints: none of 1 in .* is whole/);
  assert.match(await mistakeSeen((files) => without(files, "folder sync")), /^operation \d+: step 0 in .*wanted 1$/);
});

test("a device that says it wrote and did not is found by reading back, and the old state kept", async () => {
  const disk = new MemoryFiles();
  await disk.mkdir("/runs");
  await new CheckpointStore({ dir, files: disk }).save(1, bytesOf(1));
  let error: unknown;
  await new CheckpointStore({ dir, files: without(disk, "half of a write") })
    .save(2, bytesOf(2))
    .catch((caught: unknown) => (error = caught));
  assert.match(String(error), /WriteError: write: .*checkpoint-2\.safetensors .*: only \d+ bytes are there after writing, .* is kept/);
  assert.is(await stepOn(disk), 1);
});

test.run();
