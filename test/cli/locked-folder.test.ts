// Two commands on one run's folder: the second is refused, and the first comes to the digest of a run that nobody disturbed.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseLog } from "../../ts/train/log.ts";
import { digestOf, newFolder, perpend, start, TINY, type RunningCommand } from "./command.ts";

const test = suite("locked folder");
const root = newFolder();
const disk = join(root, "disk");
mkdirSync(disk);
let mounted = false;
test.after(() => {
  if (mounted) execFileSync("umount", [disk]);
  rmSync(root, { recursive: true, force: true });
});

const marksIn = (dir: string): string[] =>
  existsSync(dir) ? readdirSync(dir, { recursive: true }).map(String).filter((name) => basename(name).startsWith("in-use.")) : []; // prettier-ignore

/** Stops a command once it has taken a folder below `dir`, which is returned. */
async function heldBy({ child }: RunningCommand, dir: string): Promise<string> {
  for (;;) {
    // At once, before it takes the next one.
    const [mark] = marksIn(dir);
    if (mark !== undefined && readFileSync(join(dir, mark), "utf8").endsWith("}\nheld\n")) {
      child.kill("SIGSTOP");
      if (existsSync(join(dir, mark))) return dirname(join(dir, mark));
      child.kill("SIGCONT");
    }
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before it was seen to hold a folder`);
    await wait(1);
  }
}

const endsOf = (dir: string): string[] =>
  parseLog(readFileSync(join(dir, "log.jsonl")), "log").events.flatMap((event) => (event.type === "run-end" ? [event.digest] : []));

const train = ["train", ...TINY, "--epochs", "12", "--output", root, "--no-report", "--workers", "0"];
const whole = perpend(...train, "--experiment", "whole");

test("train: a folder that is trained in is not resumed", async () => {
  const dir = join(root, "first");
  const first = start([...train, "--experiment", "first"]);
  while (!existsSync(join(dir, "checkpoints", "last.safetensors"))) await wait(1);
  first.child.kill("SIGSTOP");
  const before = readFileSync(join(dir, "digests.jsonl"));
  const [second, elsewhere] = await Promise.all([
    perpend("train", "--resume", dir, "--no-report"),
    perpend("train", "--resume", dir, "--no-report", "--output", root, "--experiment", "elsewhere", "--workers", "0"),
  ]);
  assert.is(second.code, 2);
  assert.match(
    second.stderr,
    new RegExp(`^perpend: ${dir}: in use by process ${first.child.pid} since [\\dT:.-]+Z, wanted that one to end, or another --output\n$`),
  );
  assert.equal(readFileSync(join(dir, "digests.jsonl")), before);
  first.child.kill("SIGCONT");
  assert.is(digestOf(await first.done), digestOf(await whole));
  assert.is(digestOf(elsewhere), digestOf(await whole));
  assert.equal(marksIn(root), []);
});

test("train --resume twice; after Ctrl-C and after SIGKILL the next one goes on at once", async () => {
  const dir = join(root, "stopped");
  const first = start([...train, "--experiment", "stopped", "--epochs", "100"]);
  await first.said("test loss");
  first.child.kill("SIGINT");
  assert.is((await first.done).code, 130);
  assert.equal(marksIn(dir), []);

  const resumed = start(["train", "--resume", dir, "--no-report", "--workers", "0"]);
  await heldBy(resumed, dir);
  const second = await perpend("train", "--resume", join(dir, "checkpoints", "last.safetensors"), "--no-report");
  assert.is(second.code, 2);
  assert.match(second.stderr, new RegExp(`in use by process ${resumed.child.pid} since`));
  resumed.child.kill("SIGKILL");
  await resumed.done;
  assert.is(marksIn(dir).length, 1);

  // Twice: the second ends at once.
  const third = start(["train", "--resume", dir, "--no-report", "--workers", "0"]);
  await third.said("run folder");
  assert.is(marksIn(dir).length, 1);
  third.child.kill("SIGINT");
  third.child.kill("SIGTERM");
  assert.is((await third.done).code, 130);
  assert.equal(marksIn(dir), []);
});

test("reproduce twice with the same output", async () => {
  const args = ["reproduce", "feature-reuse/toy", "--scale", "smoke", "-j", "0", "--output"];
  const [once, twice] = [join(root, "once"), join(root, "twice")];
  const undisturbed = perpend(...args, once);
  const first = start([...args, twice]);
  const dir = await heldBy(first, twice);
  const second = await perpend(...args, twice);
  assert.is(second.code, 2);
  assert.match(
    second.stderr,
    new RegExp(`\nperpend: ${dir}: in use by process ${first.child.pid} since [\\dT:.-]+Z, wanted that one to end, or another --output\n$`),
  );
  first.child.kill("SIGCONT");
  const { code, stderr } = await first.done;
  assert.is(code, 0, stderr);
  await undisturbed;
  const names = readdirSync(join(once, "feature-reuse", "toy", "smoke")).filter((name) => name.endsWith("-s1"));
  assert.is(names.length, 3);
  for (const name of names) {
    const [a, b] = [once, twice].map((each) => join(each, "feature-reuse", "toy", "smoke", name));
    assert.is(endsOf(b).length, 1);
    assert.equal(endsOf(b), endsOf(a));
    assert.equal(readFileSync(join(b, "digests.jsonl")), readFileSync(join(a, "digests.jsonl")));
  }
  assert.equal(marksIn(twice), []);
});

/** Mounts a small disk; undefined, or why there is none. */
function mount(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "a small disk wants Linux and root";
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "perpend-test", disk], { stdio: "pipe" });
    mounted = true;
    return undefined;
  } catch (error) {
    return `mount: ${(error as Error).message.split("\n").at(-1) ?? ""}`;
  }
}

const reason = mount();
if (reason !== undefined) console.log(`skipped: ${reason}`);

(reason === undefined ? test : test.skip)("a disk that is full, or only read, loses nothing", async () => {
  const dir = join(disk, "a");
  const first = await perpend(
    "train",
    ...TINY,
    "--epochs",
    "12",
    "--max-steps",
    "12",
    "--no-report",
    "--output",
    disk,
    "--experiment",
    "a",
  );
  assert.is(first.code, 0, first.stderr);
  const files = (): string[] => readdirSync(dir, { recursive: true }).map(String).sort(); // prettier-ignore
  const before = { names: files(), log: readFileSync(join(dir, "log.jsonl")) };
  const fill = join(disk, "fill");
  try {
    for (let size = 1 << 20; size >= 1; size >>= 1)
      try {
        for (;;) writeFileSync(fill, new Uint8Array(size), { flag: "a" });
      } catch {
        // Less fits, perhaps.
      }
    const full = await perpend("train", "--resume", dir, "--no-report");
    assert.is(full.code, 1);
    assert.match(full.stderr, /^perpend: write: \S*in-use\.\w{16} \(\d+ bytes\): no space left on the device, wanted: free some or choose another --output; nothing was changed$/m); // prettier-ignore
  } finally {
    rmSync(fill, { force: true });
  }
  execFileSync("mount", ["-o", "remount,ro", disk]);
  const readOnly = await perpend("train", "--resume", dir, "--no-report");
  execFileSync("mount", ["-o", "remount,rw", disk]);
  assert.is(readOnly.code, 1);
  assert.match(readOnly.stderr, /^perpend: write: \S*in-use\.\w{16} \(\d+ bytes\): not allowed to write there \(EROFS\), wanted: the right to write, or another --output; nothing was changed$/m); // prettier-ignore
  assert.equal({ names: files(), log: readFileSync(join(dir, "log.jsonl")) }, before);
  assert.is(digestOf(await perpend("train", "--resume", dir, "--no-report")), digestOf(await whole));
});

test.run();
