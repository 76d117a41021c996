// ResNet-20 in float32 on the wasm backend: outputs and all gradients of a batch of 2 to 1e-5 of the largest value of their tensor with
// direct convolutions, to 4e-5 with Winograd's, against PyTorch in float64 and, value by value, the float64 reference backend; losses
// of ten steps of 128 images at learning rate 0.1 to 1e-3. (PyTorch itself in float32 is up to 1e-4 from them.)
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, withBackend, type Backend, type Convolution } from "../../ts/autograd/index.ts";
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

function pass(backend: Backend, skip: SkipKind, convolution: Convolution): Pass {
  return withBackend(backend, () =>
    scope(() => {
      const model = goldenNet(options, skip, convolution);
      const batch = goldenBatch(options);
      const evaluated = noGrad(() => model.eval().forward(batch.x)).toArray();
      const trained = trainingPass(model.train(), batch);
      const gradients = gradientsOf(model);
      done(model);
      return { evaluated, ...trained, gradients };
    }),
  );
}

/** Gradients of each skip in float64. */
const exact = new Map<string, StateDict>();

function exactGradients(label: string, skip: SkipKind): StateDict {
  const known = exact.get(label);
  if (known) return known;
  const made = withBackend(createReferenceBackend(), () =>
    scope(() => {
      const model = goldenNet(options, skip);
      trainingPass(model, goldenBatch(options));
      return gradientsOf(model);
    }),
  );
  exact.set(label, made);
  return made;
}

for (const [convolution, limit] of [
  ["direct", 1e-5],
  ["winograd", 4e-5],
] as const)
  for (const [label, skip] of Object.entries(skips))
    test(`forward and gradients, ${label}, ${convolution}`, () => {
      const wanted = cases[label];
      const got = pass(wasm, skip, convolution);
      assert.ok(difference(got.evaluated, wanted.evaluated) < limit, `evaluation: ${difference(got.evaluated, wanted.evaluated)}`);
      assert.ok(difference(got.logits, wanted.logits) < limit, `logits: ${difference(got.logits, wanted.logits)}`);
      assert.ok(Math.abs(got.loss - wanted.loss) < limit * wanted.loss, `loss ${got.loss}, wanted ${wanted.loss}`);
      const error = fromDigests(got.gradients, wanted.gradients, 0);
      assert.ok(error.error < limit, `gradient of ${error.key}: ${error.error}`);
      if (label === "orthogonal-sample") return;
      for (const [key, { values }] of Object.entries(exactGradients(label, skip))) {
        const apart = difference(got.gradients[key].values, values);
        assert.ok(apart < limit, `gradient of ${key}: ${apart}`);
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
