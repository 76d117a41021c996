// The i-th file operation fails, for every i, with every error that a disk has: the state afterwards is the old one or the new one, the
// error says which file and what is left, and the next save works. On a disk in memory, with a made-up file system beneath the store.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeCheckpoint } from "../../../ts/train/checkpoint-format.ts";
import { WriteError, writeFileAtomic, type Files } from "../../../ts/train/node/atomic-file.ts";
import { CheckpointStore } from "../../../ts/train/node/checkpoint-store.ts";
import { faulty } from "./faulty-files.ts";
import { MemoryFiles } from "./memory-files.ts";

const test = suite("faults");
const dir = "/runs/a/checkpoints";
const codes = ["ENOSPC", "EIO", "EDQUOT", "EACCES", "EROFS", "EMFILE"];

const bytesOf = (step: number): Uint8Array =>
  encodeCheckpoint({ tensors: new Map([["w", { shape: [8], values: new Float32Array(8).fill(step) }]]), state: { step } });

async function diskWith(...steps: readonly number[]): Promise<MemoryFiles> {
  const disk = new MemoryFiles();
  await disk.mkdir("/runs");
  const store = new CheckpointStore({ dir, files: disk });
  for (const step of steps) await store.save(step, bytesOf(step), { best: step === 1 });
  return disk;
}

const thrownBy = (action: Promise<unknown>): Promise<unknown> =>
  action.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Runs `change` with each operation failing in turn; `check` sees the disk afterwards. Returns how many failed aloud. */
async function failEach(
  steps: readonly number[],
  change: (store: CheckpointStore) => Promise<unknown>,
  check: (disk: MemoryFiles, what: string, error: unknown) => Promise<void>,
): Promise<number> {
  let failures = 0;
  for (const code of codes) {
    for (const sticky of [false, true]) {
      for (let at = 1; ; at++) {
        const disk = await diskWith(...steps);
        const files = faulty(disk, { at, code, sticky });
        const error = await thrownBy(change(new CheckpointStore({ dir, files })));
        const what = `operation ${at}, ${code}${sticky ? " and all after" : ""}`;
        if (error !== undefined) {
          assert.instance(error, WriteError, `${what}: ${String(error)}`);
          assert.match((error as Error).message, /^write: \/runs\/a\/checkpoints\S* \(\d+ bytes\): .*, wanted: .*; .*(kept|power cut)$/);
          failures++;
        }
        await check(disk, what, error);
        if (files.calls() < at) {
          assert.is(error, undefined, what);
          break;
        }
      }
    }
  }
  return failures;
}

async function stepOn(files: Files): Promise<number> {
  const found = await new CheckpointStore({ dir, files }).latest();
  assert.equal(found?.skipped ?? [], []);
  return Number(found?.checkpoint.state["step"] ?? 0);
}

async function isOneOf(disk: MemoryFiles, name: string, steps: readonly number[], what: string): Promise<void> {
  const bytes = await disk.readFile(`${dir}/${name}.safetensors`);
  assert.ok(steps.some((step) => Buffer.compare(bytesOf(step), bytes) === 0), `${what}: ${name}`); // prettier-ignore
}

test("a save leaves the old state or the new one, and says which", async () => {
  const failures = await failEach(
    [1, 2],
    (store) => store.save(3, bytesOf(3), { best: true }),
    async (disk, what, error) => {
      const step = await stepOn(disk);
      assert.ok(step === 2 || step === 3, `${what}: step ${step}`);
      if (error === undefined) assert.is(step, 3, what);
      // "What was there is kept" is true.
      if (error instanceof WriteError && error.message.includes("checkpoint-3") && error.message.endsWith("before is kept"))
        assert.is(step, 2, what);
      await isOneOf(disk, "last", [2, 3], what);
      await isOneOf(disk, "best", [1, 3], what);
      // There was a good one and there are two.
      assert.ok((await new CheckpointStore({ dir, files: disk }).list()).length >= 2, what);
      await new CheckpointStore({ dir, files: disk }).save(4, bytesOf(4));
      assert.is(await stepOn(disk), 4, what);
      assert.not.ok(disk.paths().some((path) => path.endsWith(".tmp")), what); // prettier-ignore
    },
  );
  console.log(`failures of a save: ${failures}`);
  assert.ok(failures > 300, `${failures}`);
});

test("so does the first save of a run", async () => {
  const failures = await failEach(
    [],
    (store) => store.save(1, bytesOf(1)),
    async (disk, what, error) => {
      const step = await stepOn(disk);
      assert.ok(step === 0 || step === 1, what);
      if (error === undefined) assert.is(step, 1, what);
      await new CheckpointStore({ dir, files: disk }).save(4, bytesOf(4));
      assert.is(await stepOn(disk), 4, what);
    },
  );
  assert.ok(failures > 200, `${failures}`);
});

test("going back to an earlier step loses nothing of what came before it", async () => {
  const failures = await failEach(
    [1, 2],
    (store) => store.discardAfter(1),
    async (disk, what, error) => {
      const step = await stepOn(disk);
      assert.ok(step === 1 || step === 2, what);
      if (error === undefined) assert.is(step, 1, what);
      await isOneOf(disk, "last", [1, 2], what);
      await isOneOf(disk, "checkpoint-1", [1], what);
    },
  );
  assert.ok(failures > 40, `${failures}`);
});

test("a file that cannot be read is passed over with the reason; what is given is whole", async () => {
  for (let at = 2; ; at++) {
    const files = faulty(await diskWith(1, 2), { at, code: "EIO" });
    const found = await new CheckpointStore({ dir, files }).latest();
    if (files.calls() < at) break;
    if (found?.skipped.length === 1) assert.is(found.skipped[0].reason, "EIO: injected");
    const step = Number(found?.checkpoint.state["step"]);
    assert.is(step, found?.skipped.length === 0 ? 2 : 1);
    assert.equal(found?.checkpoint.tensors.get("w")?.values, new Float32Array(8).fill(step));
  }
});

test("a plain file is replaced or left alone too", async () => {
  let kept = 0;
  for (const sticky of [false, true]) {
    for (let at = 1; ; at++) {
      const disk = new MemoryFiles();
      await writeFileAtomic("/f", new Uint8Array(300).fill(1), disk);
      const files = faulty(disk, { at, code: "ENOSPC", sticky });
      const error = await thrownBy(writeFileAtomic("/f", new Uint8Array(500).fill(2), files));
      const there = await disk.readFile("/f");
      assert.ok((there.length === 300 && there[0] === 1) || (there.length === 500 && there[499] === 2), `operation ${at}`);
      if (error instanceof WriteError) {
        assert.is(error.code, "ENOSPC");
        assert.is(error.message.endsWith("what was there before is kept"), there.length === 300);
        kept += there.length === 300 ? 1 : 0;
      }
      if (files.calls() < at) break;
    }
  }
  assert.ok(kept > 20, `${kept}`);
});

test.run();
