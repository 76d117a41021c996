// Batch norm behind a convolution in evaluation: one convolution, the values of the two up to rounding, the same bits for every batch.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { foldBatchNorm, noGrad, scope, tensor, withBackend, type Backend, type Tensor } from "../../ts/autograd/index.ts";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { orthogonal, resnetV2, type ResNetV2Options } from "../../ts/models/index.ts";
import {
  BatchNorm2d,
  Conv2d,
  forwardConvNorm,
  ReLU,
  Sequential,
  type BatchNormOptions,
  type Conv2dLayerOptions,
  type Module,
} from "../../ts/nn/index.ts";
import { normals } from "../autograd/normals.ts";

const test = suite("nn/conv-norm");

const kernels = new WebAssembly.Module(readFileSync(new URL("../../build/strict.wasm", import.meta.url)));
const backends: [name: string, make: () => Backend, tolerance: number][] = [
  ["float64 reference", createReferenceBackend, 1e-13],
  ["float32 wasm", () => createWasmBackend(kernels), 1e-5],
];

/** Gives norms scales, shifts and statistics that are not those of a new model. */
function disturb(model: Module): void {
  const draw = normals(3);
  for (const [, module] of model.namedModules())
    if (module instanceof BatchNorm2d) {
      const { running, weight, bias } = module;
      const c = running.shape[1];
      running.backend.write(
        running.buffer,
        Float64Array.from({ length: 2 * c }, (_, at) => (at < c ? draw() : 0.3 + draw() ** 2)),
      );
      for (const variable of [weight, bias]) variable?.backend.write(variable.buffer, Float64Array.from({ length: c }, draw));
    }
}

/** Names of the kernels that `work` runs. */
function kernelsOf(backend: Backend, work: () => unknown): string[] {
  const names: string[] = [];
  const { run } = backend;
  const watched: Backend["run"] = (kernel, operands, numbers) => {
    names.push(kernel.name);
    run.call(backend, kernel as never, operands as never, numbers as never);
  };
  backend.run = watched;
  try {
    work();
  } finally {
    backend.run = run;
  }
  return names;
}

function images(n: number, size: number, channels: number): Tensor {
  return tensor(Float64Array.from({ length: n * size * size * channels }, normals(n)), [n, size, size, channels]);
}

function close(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  const scale = Array.from(wanted).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  assert.is(got.length, wanted.length);
  for (let at = 0; at < got.length; at++)
    assert.ok(Math.abs(got[at] - wanted[at]) <= tolerance * scale, `${got[at]} at ${at}, wanted ${wanted[at]}`);
}

const cases: [conv: Conv2dLayerOptions, norm: BatchNormOptions][] = [
  [{ padding: 1 }, { relu: true }],
  [{ padding: 1, bias: true }, {}],
  [
    { stride: 2, bias: true, groups: 2 },
    { relu: true, eps: 1e-3 },
  ],
  [{ padding: 2, dilation: 2 }, { affine: false }],
];

for (const [name, make, tolerance] of backends)
  for (const [convOptions, normOptions] of cases)
    test(`${name}: the values of convolution and norm: ${JSON.stringify([convOptions, normOptions])}`, () => {
      const backend = make();
      withBackend(backend, () =>
        scope(() => {
          const conv = new Conv2d(4, 6, 3, convOptions);
          const norm = new BatchNorm2d(6, normOptions);
          const model = new Sequential(conv, norm).eval();
          disturb(model);
          const x = images(3, 7, 4);
          const recorded = model.forward(x);
          assert.ok(recorded.requiresGrad);
          const before = model.stateDict();
          noGrad(() => {
            const wanted = norm.forward(conv.forward(x)).toArray();
            assert.equal(recorded.toArray(), wanted);
            const folded = forwardConvNorm(conv, norm, x);
            assert.not.ok(folded.requiresGrad);
            close(folded.toArray(), wanted, tolerance);
            assert.equal(model.forward(x).toArray(), folded.toArray());
            model.train();
            assert.equal(model.forward(x).toArray(), norm.forward(conv.forward(x)).toArray());
            model.eval();
          });
          assert.equal(Object.keys(before), Object.keys(model.stateDict()));
          const live = backend.memoryUse().buffers;
          scope(() => noGrad(() => void forwardConvNorm(conv, norm, x)));
          assert.is(backend.memoryUse().buffers, live);
        }),
      );
    });

test("scale and shift by hand", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const [filter, bias] = [tensor([1, 2, 3, 4], [1, 1, 2, 2]), tensor([10, 20])];
      const norm = { statistics: tensor([1, 2, 3, 15], [2, 2]), gamma: tensor([2, 4]), beta: tensor([5, 6]), eps: 1 };
      // Standard deviations are 2 and 4, hence scales 1 and 1, shifts 5 - 1 and 6 - 2.
      const folded = foldBatchNorm({ filter, bias }, norm);
      assert.equal([...folded.filter.toArray()], [1, 2, 3, 4]);
      assert.equal([...folded.bias.toArray()], [14, 24]);
      const doubled = foldBatchNorm({ filter, bias: null }, { ...norm, gamma: tensor([4, 8]) });
      assert.equal([...doubled.filter.toArray()], [2, 4, 6, 8]);
      assert.equal([...doubled.bias.toArray()], [3, 2]);
      assert.throws(() => foldBatchNorm({ filter, bias }, { ...norm, statistics: tensor([1, 2]) }), /statistics \[2\] behind 2 channels/);
    }),
  ));

const nets: Record<string, ResNetV2Options> = {
  basic: { depth: 14, width: 4, skip: orthogonal() },
  bottleneck: { depth: 11, width: 4, block: "bottleneck" },
  wide: { depth: 18, width: 2, finalNorm: true },
};

for (const [name, make, tolerance] of backends)
  for (const [net, options] of Object.entries(nets))
    test(`${name}: a ${net} net folds what stands behind a convolution, and any batch gives the same bits`, () => {
      const backend = make();
      withBackend(backend, () =>
        scope(() => {
          const model = resnetV2(options).eval();
          disturb(model);
          const x = images(3, 8, 3);
          noGrad(() => {
            let logits: ArrayLike<number> = [];
            const names = kernelsOf(backend, () => (logits = model.forward(x).toArray()));
            const norms = [...model.namedModules()].filter(([, module]) => module instanceof BatchNorm2d);
            const behind = norms.filter(([path]) => /norm[23]$|stem\.norm$/.test(path));
            assert.ok(behind.length > 0);
            assert.is(names.filter((kernel) => kernel === "relu_f32").length, behind.length);
            // Of each other norm the pass over the image, of each folded one the pass over the filter and over a bias.
            const biases = options.depth === 18 ? behind.length : 0;
            assert.is(names.filter((kernel) => kernel === "batch_norm_f32").length, norms.length + biases);
            for (let n = 0; n < 3; n++) {
              const one = tensor(x.toArray().subarray(n * 192, (n + 1) * 192), [1, 8, 8, 3]);
              assert.equal([...model.forward(one).toArray()], Array.from(logits).slice(10 * n, 10 * n + 10));
            }
            // A forward of one's own is asked.
            let asked = 0;
            for (const [, norm] of norms as [string, BatchNorm2d][])
              norm.forward = (value) => {
                asked++;
                return BatchNorm2d.prototype.forward.call(norm, value);
              };
            const plain = model.forward(x).toArray();
            assert.is(asked, norms.length);
            close(logits, plain, 100 * tolerance);
          });
        }),
      );
    });

test("layers in a row: only a norm directly behind a convolution is folded", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () =>
    scope(() =>
      noGrad(() => {
        const x = images(2, 4, 2);
        const relus = (...layers: ConstructorParameters<typeof Sequential>): number =>
          kernelsOf(backend, () => new Sequential(...layers).eval().forward(x)).filter((kernel) => kernel === "relu_f32").length;
        const norm = (): BatchNorm2d => new BatchNorm2d(2, { relu: true });
        assert.is(relus(new Conv2d(2, 2, 1), norm()), 1);
        assert.is(relus(norm(), new Conv2d(2, 2, 1), norm(), norm()), 1);
        assert.is(relus(new Conv2d(2, 2, 1), new ReLU(), norm()), 1);
        assert.is(relus(norm(), new Conv2d(2, 2, 1)), 0);
      }),
    ),
  );
});

test.run();
