// perpend train --device webgpu as users have it: the command of the packed package, in a folder that lacks the optional package webgpu, has
// one that does not load, or has it.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseLog } from "../../ts/train/log.ts";
import { installPackage } from "../runtimes/packaged/consumer.ts";
import { missing, missingPackage, packageFile, runNode, type Finished } from "./driver.ts";

const test = suite("webgpu/packaged");
const folder = mkdtempSync(join(tmpdir(), "perpend-packaged-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const unpacked = installPackage(folder);
const { bin } = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8")) as { readonly bin: { readonly perpend: string } };
const runs = join(folder, "runs");
const optional = join(folder, "node_modules", "webgpu");

const TINY = "--model resnetv2_8 --width 4 -b 8 --train-samples 24 --test-samples 8 --epochs 1 --no-aug --no-report".split(" ");
const command = [join(unpacked, bin.perpend), "train", ...TINY, "--output", runs];
const train = (...args: readonly string[]): Finished => runNode([...command, ...args], folder);

/** One sentence, nothing on standard output, no folder. */
function checkRefused({ status, stdout, stderr }: Finished, sentence: RegExp): void {
  assert.equal([status, stdout], [1, ""], stderr);
  assert.match(stderr, sentence);
  assert.not(existsSync(runs));
}

test("without the package: how to install it, and no folder", () => {
  checkRefused(
    train("--device", "webgpu"),
    /^perpend: webgpu: no navigator\.gpu here and no package webgpu, wanted .*in Node the package webgpu \(npm install webgpu\) and .*driver\n$/,
  );
});

test("a package without a build for this system: what it says, and no folder", () => {
  mkdirSync(optional);
  writeFileSync(join(optional, "package.json"), JSON.stringify({ name: "webgpu", type: "module", main: "index.js" }));
  const text = 'import { createRequire } from "node:module";\ncreateRequire(import.meta.url)("./dist/none/dawn.node");\n';
  writeFileSync(join(optional, "index.js"), text);
  const refused = train("--device", "webgpu");
  rmSync(optional, { recursive: true });
  checkRefused(
    refused,
    /^perpend: webgpu: the package webgpu does not load \(Cannot find module '\.\/dist\/none\/dawn\.node'\), wanted one built for this system\n$/,
  );
});

const whyNoAdapter = process.platform !== "linux" ? "drivers cannot be hidden on this system" : missingPackage();
if (whyNoAdapter !== null) {
  console.log(`skipped: webgpu/packaged without an adapter: ${whyNoAdapter}`);
  test.skip("with the package and no driver", () => undefined);
} else
  test("with the package and no driver: one sentence, and no folder", () => {
    symlinkSync(dirname(packageFile), optional, "junction");
    const refused = runNode([...command, "--device", "webgpu"], folder, false);
    rmSync(optional);
    // The package's own warnings may stand before it.
    checkRefused(refused, /^perpend: webgpu: WebGPU is here, but no adapter \(no usable driver\), wanted .*\n$/m);
  });

const why = missing();
if (why !== null) {
  console.log(`skipped: webgpu/packaged: ${why}`);
  test.skip("the packed command on a GPU", () => undefined);
} else {
  const lossesOf = (name: string): number[] =>
    parseLog(readFileSync(join(runs, name, "log.jsonl"), "utf8"), name).events.flatMap((event) =>
      event.type === "step" || event.type === "evaluate" ? [event.loss] : [],
    );

  test("with the package: trains, says what it is, comes near to the CPU", () => {
    symlinkSync(dirname(packageFile), optional, "junction");
    const { status, stdout, stderr } = train("--experiment", "gpu", "--device", "webgpu");
    assert.is(status, 0, stderr);
    assert.match(stdout, /^digest [0-9a-f]{64} of a run on webgpu, outside of the bit promise\n$/);
    assert.match(stderr, /^--device webgpu: .+ Outside of the bit promise:/m);
    assert.equal(readdirSync(join(runs, "gpu", "checkpoints")).sort(), [
      "best.safetensors",
      "checkpoint-3.safetensors",
      "last.safetensors",
    ]);
    const own = train("--experiment", "cpu", "--workers", "0");
    assert.is(own.status, 0, own.stderr);
    const [gpu, cpu] = [lossesOf("gpu"), lossesOf("cpu")];
    assert.is(gpu.length, 4);
    gpu.forEach((loss, index) => assert.ok(Math.abs(loss - cpu[index]) < 1e-3, `${index}: ${loss}, wanted ${cpu[index]} within 1e-3`));
  });
}

test.run();
