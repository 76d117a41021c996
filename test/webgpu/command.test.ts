// perpend train --device webgpu: a run beside the CPU's, what it says of itself, what is refused.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkFlags } from "../../ts/cli/machine/device.ts";
import { parseLog } from "../../ts/train/log.ts";
import { newFolder } from "../cli/command.ts";
import { missing, runProgram, type Finished } from "./driver.ts";
import { saying } from "../saying.ts";

const test = suite("webgpu/command");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

const perpend = (...args: readonly string[]): Finished => runProgram("test/webgpu/command-program.ts", args);
const TINY = "--model resnetv2_8 --width 4 -b 8 --train-samples 16 --test-samples 8 --epochs 2 --no-aug --no-report".split(" ");
const train = (...args: readonly string[]): Finished => perpend("train", ...TINY, "--output", root, ...args);
const onGpu = ["--device", "webgpu"];

test("flags of the CPU are refused on a GPU", () => {
  const plain = { device: "webgpu", tune: true, fast: false, workers: undefined, digest: undefined } as const;
  checkFlags(plain);
  checkFlags({ ...plain, device: "cpu", tune: false, fast: true, workers: 2, digest: "layer" });
  assert.throws(() => checkFlags({ ...plain, device: "cpu" }), saying("--tune: of a run on the CPU, wanted --device webgpu"));
  checkFlags({ ...plain, digest: "off" });
  for (const [more, wanted] of [
    [{ workers: 1 }, "--workers: 1 with --device webgpu, wanted one of the two"],
    [{ fast: true }, "--fast: relaxed kernels of the CPU with --device webgpu, wanted one of the two"],
    [{ digest: "layer" }, "--digest: layer of a run on webgpu, which has not the same bits everywhere, wanted off or --device cpu"],
  ] as const)
    assert.throws(() => checkFlags({ ...plain, ...more }), saying(wanted));
});

test("without an adapter: one sentence, and no folder", () => {
  const { status, stdout, stderr } = perpend("no-adapter", "train", ...TINY, "--output", root, ...onGpu);
  assert.equal([status, stdout], [1, ""]);
  assert.match(stderr, /^perpend: webgpu: WebGPU is here, but no adapter \(no usable driver\), wanted .*\n$/);
  assert.equal(readdirSync(root), []);
});

const why = missing();
if (why !== null) {
  console.log(`skipped: webgpu/command: ${why}`);
  test.skip("a run on a GPU", () => undefined);
} else {
  const lossesOf = (name: string): number[] =>
    parseLog(readFileSync(join(root, name, "log.jsonl"), "utf8"), name).events.flatMap((event) =>
      event.type === "step" || event.type === "evaluate" ? [event.loss] : [],
    );

  test("a run on a GPU says what it is and comes near to the CPU's", () => {
    const { status, stdout, stderr } = train("--experiment", "gpu", ...onGpu, "--tune");
    assert.is(status, 0, stderr);
    assert.match(stderr, /^--tune: measuring \d+ products and convolutions$/m);
    assert.match(stderr, /^--tune: \d+\.\d\d times as fast, found in \S+; \d+ of \d+ are done otherwise than their size suggests$/m);
    assert.match(stdout, /^digest [0-9a-f]{64} of a run on webgpu, outside of the bit promise\n$/);
    assert.match(stderr, /^--device webgpu: .+ Outside of the bit promise: other GPUs, other drivers and the CPU come to other bits\.$/m);
    const recipe = JSON.parse(readFileSync(join(root, "gpu", "recipe.json"), "utf8")) as {
      readonly versions: { readonly kernels: string };
    };
    assert.match(recipe.versions.kernels, /^webgpu ./);
    assert.not(existsSync(join(root, "gpu", "digests.jsonl")));
    const own = train("--experiment", "cpu", "--workers", "0");
    assert.is(own.status, 0, own.stderr);
    const [gpu, cpu] = [lossesOf("gpu"), lossesOf("cpu")];
    assert.is(gpu.length, 6);
    gpu.forEach((loss, index) => assert.ok(Math.abs(loss - cpu[index]) < 1e-3, `${index}: ${loss}, wanted ${cpu[index]} within 1e-3`));
  });

  test("verify and diff refuse it, and a run recorded on the CPU goes on elsewhere", () => {
    for (const command of [
      ["verify", join(root, "gpu")],
      ["diff", join(root, "cpu"), join(root, "gpu")],
    ]) {
      const { status, stderr } = perpend(...command);
      assert.is(status, 2);
      assert.match(stderr, /^perpend: \S*gpu: a run on webgpu .+, outside of the bit promise, wanted one on the CPU$/m);
    }
    const { status, stderr } = perpend("train", "--resume", join(root, "cpu"), ...onGpu);
    assert.is(status, 2);
    assert.match(stderr, /^perpend: --device: webgpu in \S*cpu, whose steps were recorded on the CPU, wanted a folder of its own/m);
  });

  test("its checkpoint goes on on the CPU, with a warning", () => {
    const step = join(root, "gpu", "checkpoints", "checkpoint-2.safetensors");
    const { status, stderr } = perpend("train", "--resume", step, "--output", root, "--experiment", "on", "--workers", "0", "--no-report");
    assert.is(status, 0, stderr);
    assert.match(stderr, /^warning: the checkpoint was made with kernels webgpu .+, these are strict [0-9a-f]{8}: the bits may differ$/m);
    const [, , , ...last] = lossesOf("gpu");
    lossesOf("on").forEach((loss, index) => assert.ok(Math.abs(loss - last[index]) < 1e-3, `${index}: ${loss}, wanted ${last[index]}`));
  });
}

test.run();
