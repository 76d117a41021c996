// A hundred steps of every optimizer and option on a small changing problem against PyTorch in float64: to 1e-9 in float64, to 1e-5 of the
// largest weight in float32.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { readKernels } from "../../ts/node.ts";
import { golden } from "../golden/numbers.ts";
import { follow, type OptimizerCase } from "../golden/optimizers.ts";

const STEPS = 100;

const test = suite("optim/trajectory");
const cases = golden<Record<string, OptimizerCase>>("optimizers.json");
const wasm = createWasmBackend(new WebAssembly.Module(readKernels()));
const worst = { float64: 0, float32: 0 };
let compared = 0;

for (const [name, wanted] of Object.entries(cases))
  test(name, () => {
    const exact = follow(wanted, STEPS, createReferenceBackend(), 1e-9);
    const single = follow(wanted, STEPS, wasm, 1e-5);
    assert.is(exact.compared, 10 + wanted.norms.length);
    assert.is(single.compared, exact.compared);
    worst.float64 = Math.max(worst.float64, exact.worst);
    worst.float32 = Math.max(worst.float32, single.worst);
    compared += exact.compared;
  });

test("clipping was at work in some steps and not in others", () => {
  const { norms, clip } = cases["sgd clipped"];
  assert.ok(norms.some((norm) => norm > clip!) && norms.some((norm) => norm < clip!));
});

test("the cases end in different places", () => {
  const ends = Object.values(cases).map(({ weights }) => `${weights["100"]["p"][0]} ${weights["100"]["q"][0]}`);
  assert.is(new Set(ends).size, ends.length);
  const errors = `${worst.float64.toExponential(1)} in float64, ${worst.float32.toExponential(1)} in float32`;
  console.log(
    `\noptimizers: ${ends.length} settings x ${STEPS} steps against PyTorch, ${compared} states compared, largest errors ${errors}`,
  );
});

test.run();
