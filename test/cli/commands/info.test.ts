// perpend info on which code of the kernels runs, and on models for images of a size, by the flag that train has.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { start } from "../command.ts";

const test = suite("cli/info");

async function info(environment: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await start(["info", ...args], environment).done;
  assert.is(code, 0, stderr);
  assert.is(stderr, "");
  return stdout;
}

test("says why plain code runs where the user wants it", async () => {
  const [text, json] = await Promise.all([info({ PERPEND_WIDE: "0" }), info({ PERPEND_WIDE: "0" }, "--json")]);
  assert.match(text, /^kernel path {5}plain\n {2}because {7}PERPEND_WIDE=0$/m);
  const { kernelPath, kernelPathReason } = JSON.parse(json) as Record<string, string>;
  assert.equal([kernelPath, kernelPathReason], ["plain", "PERPEND_WIDE=0"]);
});

test("says why this engine's path is taken", async () => {
  const { kernelPath, kernelPathReason } = JSON.parse(await info({ PERPEND_WIDE: "" }, "--json")) as Record<string, string>;
  const expected = kernelPath === "wide" ? /^gemm_nn_f32 at \d\.\d times the ceiling / : / widen| wide speed /;
  assert.match(kernelPathReason, expected);
});

test("layers of a model for images of a size", async () => {
  assert.match(await info({}, "--model", "resnetv2_8", "--img-size", "64"), /^stem\.conv +Conv2d 3x3 +64x64x16 +432 /m);
});

test.run();
