// The ONNX project's vectors of a later version: PERPEND_ONNX_DATA names the folder onnx/backend/test/data of a checkout (v1.22.0 is the
// last tag that holds them).
// about 1 minute
import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareFolder } from "../onnx/folder.ts";

const root = process.env["PERPEND_ONNX_DATA"];
const onnx = suite("long/numeric-onnx");

if (root === undefined) {
  onnx.skip("a checkout of onnx", () => {});
  console.log("skipped: onnx of a later version: PERPEND_ONNX_DATA is not set");
} else
  for (const folder of ["node", "pytorch-converted", "pytorch-operator", "simple"])
    onnx(folder, () => {
      const path = join(root, folder);
      assert.ok(existsSync(path), `${path} is not there`);
      const { compared, failed } = compareFolder(folder, path);
      assert.equal(failed, []);
      assert.ok(compared > 0);
    });

onnx.run();
