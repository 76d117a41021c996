// Asserts what test/webgpu/contract-program.ts finds of some families; skipped by name where there is no GPU for tests.
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { missing, runProgram } from "./driver.ts";

interface Found {
  readonly kernel: string;
  readonly samples: number;
  readonly wrong: string | null;
}

/** Registers a test for each kernel of the families; `name` is that of the suite, `more` are arguments of the program. */
export function checkFamilies(test: Test, name: string, families: readonly string[], more: readonly string[] = []): void {
  const why = missing();
  if (why !== null) {
    console.log(`skipped: ${name}: ${why}`);
    test.skip(name, () => undefined);
    return;
  }
  const { status, stdout, stderr } = runProgram("test/webgpu/contract-program.ts", [...more, ...families]);
  const found = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Found);
  test("the program came to its end", () => {
    assert.is(status, 0, stderr);
    assert.ok(found.length > 0, "no kernel was run");
  });
  for (const { kernel, samples, wrong } of found)
    test(`${kernel} agrees with its definition`, () => {
      assert.ok(samples > 0, `${kernel} has no sample`);
      assert.is(wrong, null, wrong ?? "");
    });
}
