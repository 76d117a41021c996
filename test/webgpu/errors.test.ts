// No adapter, a device that is destroyed in mid-training, too much memory: typed errors, and a program that goes on.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createWebgpuBackend, DeviceError } from "../../ts/webgpu.ts";
import { missing, runProgram } from "./driver.ts";

const test = suite("webgpu/errors");
const why = missing();

test("no adapter is a clear sentence", async () => {
  const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
  try {
    await createWebgpuBackend({ gpu });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, DeviceError);
    assert.is((error as DeviceError).kind, "unavailable");
    assert.match((error as DeviceError).message, "no adapter");
  }
});

if (why !== null) {
  console.log(`skipped: webgpu/errors: ${why}`);
  test.skip("a lost device", () => undefined);
} else
  test("a lost device: training goes on from the last checkpoint on the CPU", () => {
    const { status, stdout, stderr } = runProgram("test/webgpu/errors-program.ts");
    assert.is(status, 0, stderr);
    const { losses, ...found } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { readonly losses: readonly number[] };
    assert.equal(found, {
      absent: "unavailable",
      lost: "lost",
      stepsBefore: 6,
      resumedAt: 4,
      after: "lost",
      tooLarge: "out-of-memory",
      sum: [2, 3, 4],
      later: true,
    });
    // Six steps on the device, then steps five to eight on the CPU.
    assert.is(losses.length, 10);
    assert.ok(losses.every((loss) => loss > 0 && loss < 10));
    assert.ok(Math.abs(losses[6] - losses[4]) < 1e-3, `step 5: ${losses[6]} on the CPU, ${losses[4]} on the device`);
  });

test.run();
