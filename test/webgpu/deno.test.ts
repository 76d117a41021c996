// The module in Deno, whose WebGPU is another implementation than that of browsers and of the package for Node.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { currentBackend } from "../../ts/node.ts";
import { deno, executableOf } from "../runtimes/packages.ts";
import { driverVariables, missingDriver } from "./driver.ts";
import { losses } from "./steps.ts";

const test = suite("webgpu/deno");
const executable = executableOf(deno);
const why = existsSync(executable) ? missingDriver() : "Deno is not installed (node --import tsx test/runtimes/install.ts deno)";

interface Told {
  readonly losses?: readonly number[];
  readonly error?: string;
}

function run(): Told {
  const folder = mkdtempSync(join(tmpdir(), "perpend-deno-gpu-"));
  try {
    const { status, stdout, stderr } = spawnSync(
      executable,
      ["run", "--allow-all", "--no-check", fileURLToPath(new URL("./deno-program.ts", import.meta.url))],
      { encoding: "utf8", env: { ...process.env, NO_COLOR: "1", ...driverVariables(folder) } },
    );
    assert.is(status, 0, stderr);
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as Told;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (why !== null) {
  console.log(`skipped: webgpu/deno: ${why}`);
  test.skip("trains in Deno", () => undefined);
} else {
  test("trains in Deno as the CPU does", async () => {
    const told = run();
    assert.is(told.error, undefined);
    const wanted = await losses(currentBackend());
    assert.is(wanted.length, 3);
    wanted.forEach((loss, step) =>
      assert.ok(Math.abs(told.losses![step] - loss) < 1e-4, `step ${step + 1}: ${told.losses![step]}, wanted ${loss} within 1e-4`),
    );
  });
}

test.run();
