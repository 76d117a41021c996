// A disk that fills up while a run saves: the checkpoints before stay good, training ends, and its last state is put elsewhere.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { digestOf, newFolder, perpend, start, TINY } from "./command.ts";

const test = suite("disk full");
const root = newFolder();
const disk = join(root, "disk");
mkdirSync(disk);

/** A disk of so many kilobytes in memory; undefined, or why there is none. */
function mount(kilobytes: number): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "a small disk wants Linux and root";
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "perpend-test", disk], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `mount: ${(error as Error).message.split("\n").at(-1) ?? ""}`;
  }
}

const reason = mount(160);
if (reason !== undefined) console.log(`skipped: ${reason}`);
const check = reason === undefined ? test : test.skip;

test.after(() => {
  if (reason === undefined) execFileSync("umount", [disk]);
  rmSync(root, { recursive: true, force: true });
});

check("nothing is lost", async () => {
  const args = ["train", ...TINY, "--epochs", "4", "--workers", "0", "--no-report"];
  const whole = digestOf(await perpend(...args, "--output", join(root, "large")));
  const full = await start([...args, "--output", disk, "--experiment", "a", "--checkpoint-hist", "4"], { TMPDIR: root }).done;
  assert.is(full.code, 1);
  assert.is(digestOf(full), whole);
  assert.match(
    full.stderr,
    /^warning: write: \S+checkpoint-\d+\.safetensors \(\d+ bytes\): no space left on the device, .*training goes on/m,
  );
  const [message] = full.stderr.split("\n").filter((line) => line.startsWith("perpend: "));
  assert.match(
    message,
    /checkpoint-40\.safetensors \(\d+ bytes\): no space left on the device, wanted: free some or choose another --output/,
  );
  const rescued = /The final state is in (\S+) instead/.exec(message)?.[1] ?? "";
  assert.ok(rescued.startsWith(root));
  const resumed = await perpend("train", "--resume", rescued, "--output", join(root, "large"), "--no-report");
  assert.is(digestOf(resumed), whole);

  // What was saved before is whole, and no piece lies about.
  const saved = readdirSync(join(disk, "a", "checkpoints"));
  assert.ok(saved.includes("checkpoint-10.safetensors") && !saved.includes("checkpoint-40.safetensors"), saved.join());
  assert.not.ok(saved.some((name) => name.endsWith(".tmp")));
  const evaluated = await perpend("evaluate", "--checkpoint", join(disk, "a"));
  assert.is(evaluated.code, 0, evaluated.stderr);
});

test.run();
