// A residual net by subgroups, by Winograd's transforms and in half precision, beside the CPU.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { missing, runProgram } from "./driver.ts";

interface Found {
  readonly variant: string;
  readonly half?: boolean;
  readonly losses?: readonly number[];
  readonly unavailable?: string;
}

const test = suite("webgpu/training in variants");
const why = missing();

if (why !== null) {
  console.log(`skipped: webgpu/training in variants: ${why}`);
  test.skip("a net in variants", () => undefined);
} else {
  const { status, stdout, stderr } = runProgram("test/webgpu/variants-program.ts");
  const [cpu, ...found] = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Found);

  test("the program came to its end", () => {
    assert.is(status, 0, stderr);
    assert.is(found.length, 2);
  });

  for (const { variant, half = false, losses = [], unavailable } of found) {
    if (unavailable !== undefined) {
      console.log(`skipped: webgpu/training of ${variant}: ${unavailable}`);
      test.skip(variant, () => undefined);
      continue;
    }
    test(`${variant}: losses near those of the CPU`, () => {
      const tolerance = half ? 0.01 : 1e-4;
      assert.is(losses.length, 4);
      losses.forEach((loss, step) =>
        assert.ok(
          Math.abs(loss - cpu.losses![step]) < tolerance,
          `step ${step + 1}: ${loss}, wanted ${cpu.losses![step]} within ${tolerance}`,
        ),
      );
      assert.is.not(losses[0], losses[3]);
    });
  }
}

test.run();
