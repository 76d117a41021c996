// The build is reproducible: from a copy of the sources elsewhere it comes to the bytes that build/ has.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sha256 } from "../../ts/sha256.ts";
import { cleanBuild, shipped } from "./clean-build.ts";

const test = suite("clean build");

test("strict.wasm comes out the same in another folder", async () => {
  const again = sha256(await cleanBuild("strict"));
  assert.is(again, sha256(shipped("strict")), "build/strict.wasm is not what its sources give: npm run build:wasm");
});

test.run();
