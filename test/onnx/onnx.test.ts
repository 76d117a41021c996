// The ONNX project's own test vectors (Debian's libonnx-testdata 1.12) on the float64 and the float32 backend: every operator that perpend
// has or that is a few of its own, the others counted by name.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareFolder } from "./folder.ts";

const ROOT = "/usr/share/libonnx-testdata/data";
/** Vectors compared at least, by folder. */
const LEAST: Readonly<Record<string, number>> = { node: 422, "pytorch-converted": 59, "pytorch-operator": 30, simple: 6 };

const onnx = suite("onnx");

for (const [folder, least] of Object.entries(LEAST)) {
  const path = join(ROOT, folder);
  if (!existsSync(path)) {
    onnx.skip(folder, () => {});
    console.log(`skipped: onnx ${folder}: no ${path}, which Debian's package libonnx-testdata brings`);
    continue;
  }
  onnx(folder, () => {
    const { compared, failed } = compareFolder(folder, path);
    assert.equal(failed, []);
    assert.ok(compared >= least, `${compared} compared, wanted ${least}`);
  });
}

onnx.run();
