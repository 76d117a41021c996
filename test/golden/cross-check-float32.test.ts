// ResNet-20 in float32 on the wasm backend: outputs to 1e-5 of the largest value and all gradients of a batch of 2 to 1e-5 of the
// largest of their tensor, against PyTorch in float64 and, value by value, the float64 reference backend; losses of ten steps of
// 128 images at learning rate 0.1 to 1e-3. (PyTorch itself in float32 is up to 1e-4 from them.)
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, withBackend, type Backend } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { createWasmBackend } from "../../ts/backend/wasm/wasm.ts";
import type { SkipKind } from "../../ts/models/index.ts";
import type { StateDict } from "../../ts/nn/index.ts";
import { SGD } from "../../ts/optim/index.ts";
import { done, goldenBatch, goldenNet, gradientsOf, skips, trainingPass, type NetFile, type StepsFile } from "./nets.ts";
import { difference, fromDigests, golden } from "./numbers.ts";

const test = suite("golden/cross-check-float32");
const wasm = createWasmBackend(new WebAssembly.Module(readFileSync(new URL("../../build/strict.wasm", import.meta.url))));

const { options, cases } = golden<NetFile>("resnet20.json");

interface Pass {
  readonly evaluated: Float32Array | Float64Array;
  readonly logits: Float64Array;
  readonly loss: number;
  readonly gradients: StateDict;
}

function pass(backend: Backend, skip: SkipKind): Pass {
  return withBackend(backend, () =>
    scope(() => {
      const model = goldenNet(options, skip);
      const batch = goldenBatch(options);
      const evaluated = noGrad(() => model.eval().forward(batch.x)).toArray();
      const trained = trainingPass(model.train(), batch);
      const gradients = gradientsOf(model);
      done(model);
      return { evaluated, ...trained, gradients };
    }),
  );
}

for (const [label, skip] of Object.entries(skips))
  test(`forward and gradients, ${label}`, () => {
    const wanted = cases[label];
    const got = pass(wasm, skip);
    assert.ok(difference(got.evaluated, wanted.evaluated) < 1e-5, `evaluation: ${difference(got.evaluated, wanted.evaluated)}`);
    assert.ok(difference(got.logits, wanted.logits) < 1e-5, `logits: ${difference(got.logits, wanted.logits)}`);
    assert.ok(Math.abs(got.loss - wanted.loss) < 1e-5 * wanted.loss, `loss ${got.loss}, wanted ${wanted.loss}`);
    const error = fromDigests(got.gradients, wanted.gradients, 0);
    assert.ok(error.error < 1e-5, `gradient of ${error.key}: ${error.error}`);
    if (label === "orthogonal-sample") return;
    const exact = withBackend(createReferenceBackend(), () =>
      scope(() => {
        const model = goldenNet(options, skip);
        trainingPass(model, goldenBatch(options));
        return gradientsOf(model);
      }),
    );
    for (const [key, { values }] of Object.entries(exact)) {
      const apart = difference(got.gradients[key].values, values);
      assert.ok(apart < 1e-5, `gradient of ${key}: ${apart}`);
    }
  });

const steps = golden<StepsFile>("steps128.json");

for (const label of ["additive", "orthogonal-feature"])
  test(`losses of ten steps of ${steps.options.batch}, ${label}`, () => {
    const wanted = steps.cases[label].losses;
    const { lr, momentum, weight_decay: weightDecay } = steps.sgd;
    assert.is(lr, 0.1);
    withBackend(wasm, () =>
      scope(() => {
        const model = goldenNet(steps.options, skips[label]).train();
        const optimizer = new SGD(model.parameters(), { lr, momentum, weightDecay });
        const batch = goldenBatch(steps.options);
        wanted.forEach((loss, step) => {
          const got = trainingPass(model, batch).loss;
          optimizer.step();
          assert.ok(Math.abs(got - loss) < 1e-3, `step ${step}: loss ${got}, wanted ${loss}`);
        });
        optimizer.dispose();
        done(model);
      }),
    );
  });

test("leaves no buffer behind", () => {
  assert.is(wasm.memoryUse().buffers, 0);
});

test.run();
