// Optimizers and schedules against PyTorch: ten drawn settings of each, 1,000 steps, where python3-torch is there.
// about 1 minute
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { readKernels } from "../../ts/node.ts";
import { schedule, type Schedule } from "../../ts/optim/index.ts";
import { follow, type OptimizerCase } from "../golden/optimizers.ts";

interface Made {
  readonly steps: number;
  readonly optimizers: Readonly<Record<string, OptimizerCase>>;
  readonly schedules: readonly { readonly kind: Kind; readonly options: unknown; readonly rates: readonly number[] }[];
}

const kinds = {
  stepDecay: schedule.stepDecay,
  multiStep: schedule.multiStep,
  cosine: schedule.cosine,
  polynomial: schedule.polynomial,
  oneCycle: schedule.oneCycle,
};
type Kind = keyof typeof kinds;

/** Of the largest weight; Adam's trajectories magnify a rounding up to some thousand times in 1,000 steps. */
const FLOAT32 = 2e-3;

const script = fileURLToPath(new URL("../golden/optimizers.py", import.meta.url));
const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

const test = suite("long/numeric-optimizers");
const probe = spawnSync(python, ["-c", "import torch"]);

if (probe.status !== 0) {
  test.skip("against PyTorch", () => {});
  console.log(`skipped: optimizers: ${python} has no torch`);
} else {
  const made = spawnSync(python, [script], { encoding: "utf8", maxBuffer: 2 ** 28 });
  const { steps, optimizers, schedules } = (
    made.status === 0 ? JSON.parse(made.stdout) : { steps: 0, optimizers: {}, schedules: [] }
  ) as Made;
  const wasm = createWasmBackend(new WebAssembly.Module(readKernels()));
  const worst = { float64: 0, float32: 0, rate: 0 };

  test("PyTorch's trajectories are there", () => {
    assert.is(made.status, 0, made.stderr);
    assert.ok(Object.keys(optimizers).length === 30 && schedules.length === 50 && steps === 1000);
  });

  for (const [name, wanted] of Object.entries(optimizers))
    test(`${name} ${JSON.stringify(wanted.options)}`, () => {
      const exact = follow(wanted, steps, createReferenceBackend(), 1e-9);
      const single = follow(wanted, steps, wasm, FLOAT32);
      assert.is(exact.compared, 12 + wanted.norms.length);
      worst.float64 = Math.max(worst.float64, exact.worst);
      worst.float32 = Math.max(worst.float32, single.worst);
    });

  test("schedules", () => {
    for (const { kind, options, rates } of schedules) {
      const ours = (kinds[kind] as (options: unknown) => Schedule)(options);
      const largest = Math.max(...rates);
      rates.forEach((rate, step) => {
        const error = Math.abs(ours(step) - rate) / largest;
        assert.ok(error < 1e-12, `${kind} ${JSON.stringify(options)}, step ${step}: ${ours(step)}, wanted ${rate}`);
        worst.rate = Math.max(worst.rate, error);
      });
    }
  });

  test("counts", () => {
    assert.ok(worst.float32 > 0);
    console.log(
      `\noptimizers: ${Object.keys(optimizers).length} settings and ${schedules.length} schedules x ${steps} steps against PyTorch; largest errors ` +
        `${worst.float64.toExponential(1)} in float64, ${worst.float32.toExponential(1)} in float32, ${worst.rate.toExponential(1)} of a rate`,
    );
  });
}

test.run();
