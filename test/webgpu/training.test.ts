// Whole models on a GPU beside the CPU, from the same values and batches: losses, guesses, norms and weights stay together. Bits differ.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { missing, runProgram } from "./driver.ts";

type Numbers = Readonly<Record<string, number | readonly number[]>>;

interface Pair {
  readonly cpu: Numbers;
  readonly gpu: Numbers;
}

const test = suite("webgpu/training");
const why = missing();

function run<T>(name: string): T {
  const { status, stdout, stderr } = runProgram("test/webgpu/train-program.ts", [name]);
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

if (why !== null) {
  console.log(`skipped: webgpu/training: ${why}`);
  test.skip("training", () => undefined);
} else {
  test("a plain loop of ten steps, nothing read in between", () => {
    const { cpu, gpu, dispatches, submissions } = run<{ cpu: number[]; gpu: number[]; dispatches: number; submissions: number }>("loop");
    near("loss", cpu, gpu, 1e-4);
    assert.is(cpu.length, 10);
    // A few submissions a step, however many kernels it has.
    assert.ok(dispatches > 500, `${dispatches} dispatches`);
    assert.ok(submissions <= 6 * cpu.length, `${submissions} submissions for ${cpu.length} steps`);
  });

  for (const name of ["resnet", "vit"])
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
      assert.not.equal(list(gpu, "losses")[0], list(gpu, "losses")[9]);
    });
}

test.run();
