// perpend reproduce --device webgpu: runs in folders of their own, taken up again, and methods that a GPU cannot carry out.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newFolder } from "../cli/command.ts";
import { missing, runProgram, type Finished } from "./driver.ts";

const test = suite("webgpu/reproduce");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

const reproduce = (...args: readonly string[]): Finished =>
  runProgram("test/webgpu/command-program.ts", ["reproduce", ...args, "--scale", "smoke", "--output", root]);

test("flags of the CPU and of GPUs exclude each other", () => {
  for (const [flags, wanted] of [
    [["--tune"], "perpend: --tune: of a run on the CPU, wanted --device webgpu\n"],
    [["--device", "webgpu", "--workers", "2"], "perpend: --workers: 2 with --device webgpu, wanted one of the two\n"],
  ] as const) {
    const { status, stderr } = reproduce("orthogonal-update/eps", ...flags);
    assert.is(status, 2);
    assert.is(stderr, wanted);
  }
});

const why = missing();
if (why !== null) {
  console.log(`skipped: webgpu/reproduce: ${why}`);
  test.skip("a grid on a GPU", () => undefined);
} else {
  test("a grid on a GPU: folders of its own, without digests; what is done stays; a method that needs values at once is passed over", () => {
    const flags = ["orthonormality-modulation/plain-44", "--device", "webgpu"];
    const { status, stdout, stderr } = reproduce(...flags);
    assert.is(status, 0, stderr);
    assert.match(stderr, /^--device webgpu: .+ Outside of the bit promise/m);
    assert.match(stderr, /^He, L2, none, seed 1: top-1 \d+\.\d\d % in/m);
    assert.match(
      stderr,
      /^He, L2, modulated, seed 1: its method needs values in mid-step, which webgpu has later; passed over, wanted --device cpu$/m,
    );
    assert.match(stdout, /plain-44.+smoke-webgpu/s);
    const dir = join(root, "orthonormality-modulation", "plain-44", "smoke-webgpu");
    for (const run of readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory()))
      assert.not.ok(existsSync(join(dir, run.name, "digests.jsonl")), run.name);
    assert.not.ok(existsSync(join(root, "orthonormality-modulation", "plain-44", "smoke")));
    const page = readFileSync(join(dir, "results.md"), "utf8");
    assert.match(page, /- Versions: .*kernels webgpu /);
    assert.match(page, /--device webgpu`/);
    const again = reproduce(...flags);
    assert.is(again.status, 0, again.stderr);
    assert.not.match(again.stderr, /top-1/);
    assert.is(readFileSync(join(dir, "results.md"), "utf8"), page);
  });
}

test.run();
