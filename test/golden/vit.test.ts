// Vision transformers against PyTorch in float64: logits, loss and all gradients of small nets, on the float64 reference backend to the
// ten digits that the file has, and in float32 on the wasm backend to 2e-5 of the largest value of each tensor.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, crossEntropy, scope, tensor, wholeBatch, withBackend, type Backend } from "../../ts/autograd/index.ts";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { orthogonal, recursive, timmConventions, VisionTransformer, type VitOptions } from "../../ts/models/index.ts";
import { uninitialized, type StateDict } from "../../ts/nn/index.ts";
import { images, initial, signed } from "./hash.ts";
import { done, gradientsOf } from "./nets.ts";
import { difference, golden } from "./numbers.ts";

interface Wanted {
  readonly parameters: number;
  readonly logits: readonly number[];
  readonly loss: number;
  readonly image: number;
  /** A sum with hashed weights and the largest magnitude, by key. */
  readonly gradients: Readonly<Record<string, readonly [sum: number, largest: number]>>;
}

const [BATCH, SIZE] = [3, 8];

/** What the cases of the file are here. */
const cases: Readonly<Record<string, VitOptions>> = {
  "pre, additive": {},
  "pre, orthogonal": { skip: orthogonal() },
  timm: timmConventions,
  mean: { pool: "mean", patch: 2, heads: 2, qkvBias: false },
  "post, orthogonal": { norm: "post", affine: true, skip: orthogonal() },
  "recursive 2": { norm: "skip", skip: recursive(2) },
};

const file = golden<Readonly<Record<string, Wanted>>>("vit.json");

function hashed(key: string, values: ArrayLike<number>): number {
  return signed(`${key} sum 0`, values.length).reduce((sum, weight, at) => sum + weight * values[at], 0);
}

function check(backend: Backend, name: string, tolerance: number): void {
  const wanted = file[name];
  withBackend(backend, () =>
    scope(() => {
      const options = { size: SIZE, classes: 4, width: 12, heads: 3, depth: 2, mlpRatio: 2, ...cases[name] };
      const model = uninitialized(() => new VisionTransformer(options));
      const state: StateDict = {};
      for (const { key, shape } of model.entries()) state[key] = { shape, values: initial(key, shape) };
      model.loadStateDict(state);
      assert.is(
        model.parameters().reduce((sum, parameter) => sum + parameter.size, 0),
        wanted.parameters,
      );
      const { x, labels } = images(BATCH, SIZE);
      const image = tensor(x, [BATCH, SIZE, SIZE, 3], { requiresGrad: true });
      const target = tensor(labels);
      // The batch in two logical shards, so that sums over the batch go through the tree.
      image.batch = target.batch = wholeBatch(BATCH, { shards: 2 });
      const logits = model.train().forward(image);
      const loss = crossEntropy(logits, target);
      backward(loss);
      assert.ok(difference(logits.toArray(), wanted.logits) < tolerance, `logits: ${difference(logits.toArray(), wanted.logits)}`);
      assert.ok(Math.abs(loss.item() - wanted.loss) < tolerance, `loss ${loss.item()}, wanted ${wanted.loss}`);
      assert.ok(Math.abs(hashed("image", image.grad!.toArray()) - wanted.image) < tolerance, "gradient of the images");
      image.grad!.dispose();
      const gradients = gradientsOf(model);
      assert.equal(Object.keys(gradients).sort(), Object.keys(wanted.gradients));
      for (const [key, [sum, largest]] of Object.entries(wanted.gradients)) {
        const { values } = gradients[key];
        const scale = Math.max(largest, 0.01) * Math.sqrt(values.length);
        const error = Math.abs(hashed(key, values) - sum) / scale;
        assert.ok(error < tolerance, `gradient of ${key}: ${error}`);
        const most = Float64Array.from(values).reduce((found, value) => Math.max(found, Math.abs(value)), 0);
        assert.ok(Math.abs(most - largest) < tolerance * scale, `largest gradient of ${key}: ${most}, wanted ${largest}`);
      }
      done(model);
    }),
  );
}

const test = suite("golden/vit");
const kernels = new WebAssembly.Module(readFileSync(new URL("../../build/strict.wasm", import.meta.url)));

for (const name of Object.keys(file)) {
  test(`${name}, float64`, () => check(createReferenceBackend(), name, 2e-9));
  test(`${name}, float32`, () => check(createWasmBackend(kernels), name, 2e-5));
}

test("every case of the file is one of here", () => assert.equal(Object.keys(cases), Object.keys(file)));

test.run();
