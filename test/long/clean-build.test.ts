// Both builds of the kernels, twice each, from copies of the sources in folders of their own: the same bytes as build/ has.
// about 2 minutes
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sha256 } from "../../ts/sha256.ts";
import { cleanBuild, shipped } from "../contract/clean-build.ts";

const test = suite("clean builds");

for (const target of ["strict", "relaxed"] as const)
  test(`${target}.wasm comes out the same twice`, async () => {
    const expected = sha256(shipped(target));
    for (let time = 1; time <= 2; time++) assert.is(sha256(await cleanBuild(target)), expected, `build ${time}`);
  });

test.run();
