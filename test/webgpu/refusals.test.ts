// A device without memory and a command that is refused, brought about in the middle of training: typed errors that say what is wanted,
// told once; the device can be used again, and training goes on from the last checkpoint on the CPU.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { missing, runProgram } from "./driver.ts";

interface Trained {
  readonly error: string;
  readonly stepsBefore: number;
  readonly after: string;
  readonly resumedAt: number;
  readonly losses: readonly number[];
  readonly sum: string;
}

interface Found {
  readonly largest: { readonly isGiven: boolean; readonly refused: string; readonly after: string };
  readonly poor: Trained & { readonly refused: number; readonly small: string; readonly unread: string };
  readonly wrong: Trained;
}

const test = suite("webgpu/refusals");
const why = missing();

/** Four steps, a checkpoint, two more on the device, trouble in the seventh; then steps five to eight on the CPU. */
function checkTrained({ stepsBefore, after, resumedAt, losses, sum }: Trained): void {
  assert.equal({ stepsBefore, after, resumedAt, sum }, { stepsBefore: 6, after: "none", resumedAt: 4, sum: "none" });
  assert.is(losses.length, 10);
  assert.ok(losses.every((loss) => loss > 0 && loss < 10));
  [4, 5].forEach((step) => {
    const [device, cpu] = [losses[step], losses[step + 2]];
    assert.ok(Math.abs(device - cpu) < 1e-3, `step ${step + 1}: ${cpu} on the CPU, ${device} on the device`);
  });
}

const refused = (mebibytes: RegExp): RegExp =>
  new RegExp(`^out-of-memory: webgpu: ${mebibytes.source} MiB more on the device were refused, wanted a smaller batch or model$`);

if (why !== null) {
  console.log(`skipped: webgpu/refusals: ${why}`);
  test.skip("a device without memory", () => undefined);
} else {
  const { status, stdout, stderr } = runProgram("test/webgpu/refusals-program.ts");
  const found = status === 0 ? (JSON.parse(stdout.trim().split("\n").at(-1)!) as Found) : null;

  test("the program came to its end", () => assert.is(status, 0, stderr));

  if (found?.largest.isGiven === true) {
    console.log("skipped: webgpu/refusals of a real driver: this one gave the largest buffer that it promises");
    test.skip("a buffer that the driver refuses", () => undefined);
  } else
    test("a buffer that the driver refuses is an error of the device, told once", () => {
      assert.match(found!.largest.refused, refused(/\d+\.0/));
      assert.is(found!.largest.after, "none");
    });

  test("no memory in mid-training: a smaller batch goes on the device, the checkpoint on the CPU", () => {
    const { poor } = found!;
    assert.match(poor.error, refused(/1\.5/));
    assert.is(poor.refused, 1);
    checkTrained(poor);
  });
  test("no memory for small things, told where they are waited for", () => {
    assert.match(found!.poor.small, refused(/0\.4/));
    assert.match(found!.poor.unread, /^out-of-memory: .*, wanted a smaller batch or model$/);
  });

  test("a command that is refused in mid-training", () => {
    const { wrong } = found!;
    assert.match(
      wrong.error,
      /^validation: webgpu: a command was refused \(Buffer usages must not be 0.*\), wanted one that the device takes$/,
    );
    checkTrained(wrong);
  });
}

test.run();
