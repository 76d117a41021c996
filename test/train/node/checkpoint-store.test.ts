import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeCheckpoint } from "../../../ts/train/checkpoint-format.ts";
import { WriteError, nodeFiles, writeFileAtomic, type OpenFile } from "../../../ts/train/node/atomic-file.ts";
import { CheckpointStore } from "../../../ts/train/node/checkpoint-store.ts";
import { faulty } from "./faulty-files.ts";

const test = suite("checkpoint store");
const root = mkdtempSync(join(tmpdir(), "perpend-checkpoints-"));
let folders = 0;
const newDir = (): string => join(root, `run-${folders++}`);

const bytesOf = (step: number, length = 8): Uint8Array =>
  encodeCheckpoint({ tensors: new Map([["w", { shape: [length], values: new Float32Array(length).fill(step) }]]), state: { step } });

async function stepOf(store: CheckpointStore): Promise<unknown> {
  return (await store.latest())?.checkpoint.state["step"];
}

test("keeps last, best and the newest", async () => {
  const dir = newDir();
  const store = new CheckpointStore({ dir, keep: 2 });
  assert.is(await store.latest(), undefined);
  for (const step of [5, 9, 10, 100]) assert.is(await store.save(step, bytesOf(step), { best: step === 9 }), store.pathOf(step));
  assert.equal(readdirSync(dir).sort(), [
    "best.safetensors",
    "checkpoint-10.safetensors",
    "checkpoint-100.safetensors",
    "last.safetensors",
  ]);
  assert.equal(new Uint8Array(readFileSync(join(dir, "best.safetensors"))), bytesOf(9));
  assert.equal(new Uint8Array(readFileSync(join(dir, "last.safetensors"))), bytesOf(100));
  assert.is(statSync(join(dir, "last.safetensors")).ino, statSync(store.pathOf(100)).ino);
  assert.is(await stepOf(store), 100);
});

test("saving a step a second time replaces it and leaves no other file", async () => {
  const dir = newDir();
  const store = new CheckpointStore({ dir, keep: 2 });
  for (let round = 0; round < 3; round++) await store.save(1, bytesOf(1, 8 + round), { best: true });
  assert.equal(readdirSync(dir).sort(), ["best.safetensors", "checkpoint-1.safetensors", "last.safetensors"]);
  assert.equal(new Uint8Array(readFileSync(join(dir, "best.safetensors"))), bytesOf(1, 10));
});

test("falls back to the good one before, and says why", async () => {
  const dir = newDir();
  const store = new CheckpointStore({ dir, keep: 3 });
  for (const step of [1, 2, 3]) await store.save(step, bytesOf(step));
  const damaged = bytesOf(3);
  damaged[damaged.length - 5] ^= 4;
  writeFileSync(store.pathOf(3), damaged);
  writeFileSync(store.pathOf(2), bytesOf(2).subarray(0, 50));
  const found = await store.latest();
  assert.is(found?.path, store.pathOf(1));
  assert.match(found?.skipped[0].reason ?? "", /checkpoint-3\.safetensors: tensor w of SHA-256 .* the file is damaged/);
  assert.match(found?.skipped[1].reason ?? "", /checkpoint-2\.safetensors: a header of/);
  rmSync(store.pathOf(1));
  let error: unknown;
  await store.latest().catch((caught: unknown) => (error = caught));
  assert.match(String(error), /none of 3 in .* is whole/);
});

test("a run that goes on from an earlier step drops its abandoned future", async () => {
  const dir = newDir();
  const store = new CheckpointStore({ dir, keep: 4 });
  for (const step of [1, 2, 3, 4]) await store.save(step, bytesOf(step), { best: step === 4 });
  assert.equal(await store.discardAfter(2), [store.pathOf(3), store.pathOf(4)]);
  assert.is(await stepOf(store), 2);
  assert.equal(new Uint8Array(readFileSync(join(dir, "last.safetensors"))), bytesOf(2));
  await store.discardAfter(-1);
  assert.equal(readdirSync(dir), []);
  assert.is(await store.latest(), undefined);
});

test("an abandoned future that cannot be read is set aside, not removed", async () => {
  const dir = newDir();
  const store = new CheckpointStore({ dir, keep: 3 });
  for (const step of [1, 2, 3]) await store.save(step, bytesOf(step));
  rmSync(store.pathOf(3));
  writeFileSync(store.pathOf(3), "damaged");
  assert.equal(await store.discardAfter(1), [store.pathOf(2), store.pathOf(3)]);
  assert.equal(readdirSync(dir).sort(), ["checkpoint-1.safetensors", "checkpoint-3.safetensors.damaged", "last.safetensors"]);
  assert.is(readFileSync(`${store.pathOf(3)}.damaged`, "utf8"), "damaged");
  assert.is(await stepOf(store), 1);
});

test("the last good one is never removed in favor of damaged ones", async () => {
  const dir = newDir();
  const store = new CheckpointStore({ dir, keep: 2 });
  for (const step of [1, 2, 3]) await store.save(step, bytesOf(step));
  assert.equal((await store.list()).map(({ step }) => step), [2, 3]); // prettier-ignore
  rmSync(store.pathOf(3));
  writeFileSync(store.pathOf(3), bytesOf(3).subarray(0, 100));
  await store.save(4, bytesOf(4));
  assert.equal((await store.list()).map(({ step }) => step), [2, 3, 4]); // prettier-ignore
  await store.save(5, bytesOf(5));
  assert.equal((await store.list()).map(({ step }) => step), [4, 5]); // prettier-ignore
});

test("a link out of the folder, a folder and a pipe in a checkpoint's place are refused, and the one before is found", async () => {
  const dir = newDir();
  const store = new CheckpointStore({ dir, keep: 9 });
  for (const step of [1, 2]) await store.save(step, bytesOf(step));
  const elsewhere = join(root, "elsewhere.safetensors");
  writeFileSync(elsewhere, bytesOf(3));
  symlinkSync(elsewhere, store.pathOf(3));
  mkdirSync(store.pathOf(4));
  const pipe = spawnSync("mkfifo", [store.pathOf(5)]).status === 0;
  if (!pipe) writeFileSync(store.pathOf(5), "");
  // A link to another name in the folder is fine.
  symlinkSync("last.safetensors", store.pathOf(6));
  const found = await store.latest();
  assert.is(found?.path, store.pathOf(6));
  assert.is(found?.checkpoint.state["step"], 2);
  rmSync(store.pathOf(6));
  const next = await store.latest();
  assert.is(next?.checkpoint.state["step"], 2);
  const reasons = (next?.skipped ?? []).map(({ reason }) => reason.slice(dir.length));
  assert.match(reasons[0], pipe ? /-5\.safetensors: not a regular file/ : /a header|the end/);
  assert.match(reasons[1], /-4\.safetensors: not a regular file, wanted a regular file$/);
  assert.match(reasons[2], /-3\.safetensors: a link that leads to .*elsewhere\.safetensors, wanted a file in /);
});

test("without hard links last and best are copies", async () => {
  const dir = newDir();
  const link = async (): Promise<void> => {
    throw Object.assign(new Error("no links"), { code: "ENOTSUP" });
  };
  const store = new CheckpointStore({ dir, keep: 1, files: { ...nodeFiles, link } });
  for (const step of [1, 2]) await store.save(step, bytesOf(step), { best: step === 1 });
  assert.equal(readdirSync(dir).sort(), ["best.safetensors", "checkpoint-2.safetensors", "last.safetensors"]);
  assert.equal(new Uint8Array(readFileSync(join(dir, "best.safetensors"))), bytesOf(1));
  assert.is(statSync(join(dir, "last.safetensors")).nlink, 1);
});

test("an error names the file, its size, why, and what is left", async () => {
  const dir = newDir();
  mkdirSync(dir);
  const path = join(dir, "c.safetensors");
  writeFileSync(path, "old");
  let error: unknown;
  await writeFileAtomic(path, new Uint8Array(250), faulty(nodeFiles, { at: 4, code: "ENOSPC" })).catch(
    (caught: unknown) => (error = caught),
  );
  assert.instance(error, WriteError);
  if (error instanceof WriteError) {
    assert.is(
      error.message,
      `write: ${path} (250 bytes): no space left on the device, wanted: free some or choose another --output; what was there before is kept`,
    );
    assert.is(error.code, "ENOSPC");
  }
  assert.equal(readdirSync(dir), ["c.safetensors"]);
  assert.is(readFileSync(path, "utf8"), "old");
});

test("a device that takes no byte is an error, not a loop", async () => {
  const dir = newDir();
  mkdirSync(dir);
  const open = async (path: string, flags: string): Promise<OpenFile> => {
    const file = await nodeFiles.open(path, flags);
    return { write: async () => ({ bytesWritten: 0 }), sync: () => file.sync(), close: () => file.close() };
  };
  let error: unknown;
  await writeFileAtomic(join(dir, "c"), new Uint8Array(3), { ...nodeFiles, open }).catch((caught: unknown) => (error = caught));
  assert.match(String(error), /only 0 bytes could be written/);
});

/** A file system of 64 kB, or the reason why there is none. */
function mountTiny(dir: string): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  try {
    mkdirSync(dir);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `no mount: ${String(error).split("\n")[0]}`;
  }
}

const tiny = join(root, "tiny");
const noMount = mountTiny(tiny);
if (noMount !== undefined) {
  test.skip(`a full disk (skipped: ${noMount})`, () => undefined);
} else {
  test("a full disk keeps the old checkpoint and leaves no piece behind", async () => {
    const store = new CheckpointStore({ dir: join(tiny, "run"), keep: 2 });
    await store.save(1, bytesOf(1, 8_000), { best: true });
    let error: unknown;
    await store.save(2, bytesOf(2, 12_000)).catch((caught: unknown) => (error = caught));
    assert.match(String(error), /checkpoint-2\.safetensors \(\d+ bytes\): no space left on the device, .* is kept/);
    assert.equal(readdirSync(store.dir).sort(), ["best.safetensors", "checkpoint-1.safetensors", "last.safetensors"]);
    assert.is(await stepOf(store), 1);
    await store.save(3, bytesOf(3, 4_000));
    assert.is(await stepOf(store), 3);
  });
}

test("kill -9 at any time leaves a checkpoint that loads, never older than the last one reported", async () => {
  const dir = newDir();
  const source = `
    import { encodeCheckpoint } from ${JSON.stringify(new URL("../../../ts/train/checkpoint-format.ts", import.meta.url).href)};
    import { CheckpointStore } from ${JSON.stringify(new URL("../../../ts/train/node/checkpoint-store.ts", import.meta.url).href)};
    const store = new CheckpointStore({ dir: ${JSON.stringify(dir)}, keep: 2 });
    const found = await store.latest();
    const values = new Float32Array(20000);
    for (let step = Number(found?.checkpoint.state.step ?? 0) + 1; ; step++) {
      await store.save(step, encodeCheckpoint({ tensors: new Map([["w", { shape: [values.length], values: values.fill(step) }]]), state: { step } }), { best: step % 3 === 0 });
      process.stdout.write(step + "\\n");
    }`;
  const script = join(root, "saver.mts");
  writeFileSync(script, source);
  const store = new CheckpointStore({ dir, keep: 2 });
  let before = 0;
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [...process.execArgv, script], { stdio: ["ignore", "pipe", "inherit"] });
    let reported = before;
    let killing = false;
    child.stdout.on("data", (text: Buffer) => {
      reported = Math.max(reported, ...text.toString().trim().split("\n").map(Number));
      if (!killing && reported >= before + 3) {
        killing = true;
        setTimeout(() => child.kill("SIGKILL"), (round * 7) % 11);
      }
    });
    await once(child, "close");
    const found = await store.latest();
    assert.equal(found?.skipped, []);
    const step = Number(found?.checkpoint.state["step"]);
    assert.ok(step >= reported, `step ${step}, reported ${reported}`);
    assert.ok(step > before);
    before = step;
  }
});

test.after(() => {
  if (noMount === undefined) execFileSync("umount", [tiny]);
  rmSync(root, { recursive: true });
});

test.run();
