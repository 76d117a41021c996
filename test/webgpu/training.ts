// Whole models on a GPU beside the CPU, from the same values and batches: what test/webgpu/train-program.ts finds, and how near it has to be.
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { missing, runProgram } from "./driver.ts";

type Numbers = Readonly<Record<string, number | readonly number[]>>;

interface Pair {
  readonly cpu: Numbers;
  readonly gpu: Numbers;
}

function run<T>(...args: readonly string[]): T {
  const { status, stdout, stderr } = runProgram("test/webgpu/train-program.ts", args);
  assert.is(status, 0, stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as T;
}

function near(name: string, cpu: readonly number[], gpu: readonly number[], tolerance: number): void {
  assert.is(gpu.length, cpu.length, name);
  assert.ok(cpu.length > 0, `${name}: nothing to compare`);
  cpu.forEach((value, index) =>
    assert.ok(Math.abs(gpu[index] - value) <= tolerance, `${name} ${index}: ${gpu[index]}, wanted ${value} within ${tolerance}`),
  );
}

/** Skips a test by name where there is no GPU for tests; false there. */
function isPossible(test: Test, name: string): boolean {
  const why = missing();
  if (why === null) return true;
  console.log(`skipped: ${name}: ${why}`);
  test.skip(name, () => undefined);
  return false;
}

/** Ten steps of a plain loop, nothing read in between. */
export function checkLoop(test: Test): void {
  if (!isPossible(test, "webgpu: a plain loop")) return;
  test("a plain loop of ten steps", () => {
    const found = run<Record<"cpu" | "gpu" | "bindGroups", number[]> & Record<"dispatches" | "submissions", number>>("loop");
    const { cpu, gpu, dispatches, submissions, bindGroups } = found;
    near("loss", cpu, gpu, 1e-4);
    assert.is(cpu.length, 10);
    // A few submissions a step, however many kernels it has.
    assert.ok(dispatches > 500, `${dispatches} dispatches`);
    assert.ok(submissions <= 6 * cpu.length, `${submissions} submissions for ${cpu.length} steps`);
    // What is asked for in the same order gets the same memory: new sets of bindings only where the losses, which are kept, take blocks.
    const [before, last] = bindGroups.slice(-2);
    assert.ok(
      last - before <= 10,
      `${last - before} new sets of bindings in the last step, which has ${dispatches / cpu.length} dispatches`,
    );
  });
}

/** Ten steps through a pool, evaluation, averages, weights brought back. */
export function checkPool(test: Test, name: string): void {
  if (!isPossible(test, `webgpu: ${name} through a pool`)) return;
  test(`${name} through a pool: ten steps, evaluation, averages`, () => {
    const { cpu, gpu } = run<Pair>(name);
    const list = (of: Numbers, key: string): readonly number[] => of[key] as readonly number[];
    near("loss", list(cpu, "losses"), list(gpu, "losses"), 1e-3);
    near("norm", list(cpu, "norms"), list(gpu, "norms"), 0.01);
    near("weight", list(cpu, "weights"), list(gpu, "weights"), 0.01);
    near("loss of a sample", list(cpu, "evaluated"), list(gpu, "evaluated"), 0.05);
    assert.equal(gpu["correct"], cpu["correct"]);
    assert.is(gpu["steps"], 10);
    // Something was learned, and it was not by standing still.
    assert.is.not(list(gpu, "losses")[0], list(gpu, "losses")[9]);
  });
}

/** The same steps with products in half precision and a scaled loss: near, and not the same. */
export function checkHalf(test: Test, name: string): void {
  const title = `webgpu: ${name} in half precision`;
  if (!isPossible(test, title)) return;
  const found = run<Pair | { readonly unavailable: string }>(name, "f16");
  if ("unavailable" in found) {
    console.log(`skipped: ${title}: ${found.unavailable}`);
    test.skip(title, () => undefined);
    return;
  }
  test(`${name} in half precision: losses near those of float32`, () => {
    const [cpu, gpu] = [found.cpu["losses"], found.gpu["losses"]] as (readonly number[])[];
    near("loss", cpu, gpu, 0.05);
    const distance = Math.max(...cpu.map((loss, step) => Math.abs(loss - gpu[step])));
    assert.ok(distance > 1e-5, `losses differ by ${distance}, wanted half precision`);
  });
}
