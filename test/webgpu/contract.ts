// Asserts what test/webgpu/contract-program.ts finds of some families; skipped by name where there is no GPU for tests.
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { missing, runProgram } from "./driver.ts";

interface Found {
  readonly kernel: string;
  readonly samples: number;
  /** Samples that are run once more by shaders that read four elements at once. */
  readonly fours: number;
  readonly wrong: string | null;
  /** Largest error, relative to the largest value. */
  readonly worst: number;
}

interface Unavailable {
  readonly unavailable: string;
}

interface Variant {
  /** Arguments of the program. */
  readonly args?: readonly string[];
  /** The kernels' errors show that they rounded more than float32 does. */
  readonly rounds?: boolean;
}

/** Registers a test for each kernel of the families; `name` is that of the suite. */
export function checkFamilies(test: Test, name: string, families: readonly string[], { args = [], rounds = false }: Variant = {}): void {
  const why = missing();
  if (why !== null) {
    console.log(`skipped: ${name}: ${why}`);
    test.skip(name, () => undefined);
    return;
  }
  const { status, stdout, stderr } = runProgram("test/webgpu/contract-program.ts", [...args, ...families]);
  const lines = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Found | Unavailable);
  const found = lines.filter((line) => "kernel" in line);
  for (const { unavailable } of lines.filter((line) => "unavailable" in line)) {
    console.log(`skipped: ${name}: ${unavailable}`);
    test.skip(name, () => undefined);
    return;
  }
  test("the program came to its end", () => {
    assert.is(status, 0, stderr);
    assert.ok(found.length > 0, "no kernel was run");
    if (families.includes("gemm"))
      assert.ok(
        found.every(({ kernel, fours }) => !kernel.startsWith("gemm") || fours > 0),
        "nothing in fours",
      );
  });
  for (const { kernel, samples, wrong, worst } of found)
    test(`${kernel} agrees with its definition`, () => {
      assert.ok(samples > 0, `${kernel} has no sample`);
      assert.is(wrong, null, wrong ?? "");
      if (rounds) assert.ok(worst > 2 ** -16, `${kernel}: an error of ${worst}, wanted that of half precision`);
    });
}
