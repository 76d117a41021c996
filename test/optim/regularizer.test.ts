// The orthonormal penalty against its definition in plain loops, its gradient in a whole loss against differences, and who decays.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  backward,
  crossEntropy,
  globalAveragePool,
  noGrad,
  scope,
  tensor,
  wholeBatch,
  withBackend,
  type Backend,
  type Tensor,
} from "../../ts/autograd/index.ts";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { BatchNorm2d, Conv2d, filtersOf, init, initializeWeights, Layer, Linear, type Variable } from "../../ts/nn/index.ts";
import { orthonormal, parameterGroups, SGD, type OrthonormalPenalty } from "../../ts/optim/index.ts";
import { signed } from "../golden/hash.ts";
import { checkGradients, signedBackend } from "../models/difference.ts";

const test = suite("optim/regularizer");

const kernels = new WebAssembly.Module(readFileSync(new URL("../../build/strict.wasm", import.meta.url)));

const [N, SIZE] = [4, 5];

/** A 3x3 convolution, a 1x1 convolution that has more filters (10) than inputs (4), and a classifier. */
class Net extends Layer {
  readonly conv1 = new Conv2d(3, 4, 3, { padding: 1, bias: true });
  readonly norm1 = new BatchNorm2d(4, { relu: true });
  readonly conv2 = new Conv2d(4, 10, 1);
  readonly norm2 = new BatchNorm2d(10, { relu: true });
  readonly fc: Linear;

  constructor(classes = 6) {
    super();
    this.fc = new Linear(10, classes);
  }

  forward(x: Tensor): Tensor {
    const a = this.norm1.forward(this.conv1.forward(x));
    return this.fc.forward(globalAveragePool(this.norm2.forward(this.conv2.forward(a))));
  }
}

/** lambda/2 ||W^T W - I||_F^2 of groups of filters, and 2 lambda W (W^T W - I), by the equations. */
function byDefinition({ shape }: Variable, values: Float64Array, lambda: number): { value: number; gradient: Float64Array } {
  const { inputs, outputs, rows, groups } = filtersOf(shape);
  const place = (filter: number, i: number): number => (rows ? filter * inputs + i : i * outputs + filter);
  const gradient = new Float64Array(values.length);
  let value = 0;
  let from = 0;
  for (const count of groups) {
    const excess = Array.from({ length: count }, (_, a) =>
      Array.from({ length: count }, (_none, b) => {
        let dot = a === b ? -1 : 0;
        for (let i = 0; i < inputs; i++) dot += values[place(from + a, i)] * values[place(from + b, i)];
        return dot;
      }),
    );
    for (let a = 0; a < count; a++)
      for (let b = 0; b < count; b++) {
        value += (lambda / 2) * excess[a][b] ** 2;
        for (let i = 0; i < inputs; i++) gradient[place(from + a, i)] += 2 * lambda * excess[a][b] * values[place(from + b, i)];
      }
    from += count;
  }
  return { value, gradient };
}

function within<T>(backend: Backend, work: () => T): T {
  return withBackend(backend, () => scope(work));
}

function dropGradients(model: Layer): void {
  for (const parameter of model.parameters()) {
    parameter.grad?.dispose();
    parameter.grad = null;
  }
}

for (const [name, make, tolerance] of [
  ["float64 reference", createReferenceBackend, 1e-13],
  ["float32 wasm", () => createWasmBackend(kernels), 2e-6],
] as const)
  test(`${name}: value and gradient are those of the definition`, () =>
    within(make(), () => {
      const model = new Net();
      const penalty = orthonormal({ lambda: 0.3 });
      const covered = [...penalty.weightsOf(model)];
      assert.equal(
        covered.map(([, key]) => key),
        ["conv1.weight", "conv2.weight", "fc.weight"],
      );
      const value = penalty.of(model);
      backward(value);
      let wanted = 0;
      for (const [weight, key] of covered) {
        const definition = byDefinition(weight, Float64Array.from(weight.toArray()), 0.3);
        wanted += definition.value;
        const got = weight.grad!.toArray();
        const largest = definition.gradient.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
        assert.ok(largest > 0.01, `${key}: a gradient of ${largest}`);
        definition.gradient.forEach((entry, at) => assert.ok(Math.abs(entry - got[at]) < tolerance * largest, `${key}[${at}]`));
      }
      assert.ok(Math.abs(value.item() / wanted - 1) < tolerance, `${value.item()}, wanted ${wanted}`);
      assert.is(model.conv1.bias!.grad, null);
      dropGradients(model);
      model.dispose();
    }));

test("nothing is lost of filters drawn orthonormal", () =>
  within(createReferenceBackend(), () => {
    const model = initializeWeights(new Net(), init.orthonormalFilters());
    const value = orthonormal({ lambda: 1 }).of(model);
    backward(value);
    assert.ok(value.item() < 1e-25, `${value.item()}`);
    for (const [weight] of orthonormal().weightsOf(model)) weight.grad!.toArray().forEach((entry) => assert.ok(Math.abs(entry) < 1e-12));
    dropGradients(model);
    // With a gain g every filter has the excess g^2 - 1: 4 + 10 + 6 filters.
    initializeWeights(model, init.orthonormalFilters({ gain: 1.5 }));
    const scaled = orthonormal({ lambda: 1 }).of(model).item();
    assert.ok(Math.abs(scaled - 0.5 * 20 * 1.25 ** 2) < 1e-12, `${scaled}`);
    model.dispose();
  }));

test("descent along the gradient makes filters orthonormal", () =>
  within(createReferenceBackend(), () => {
    const model = new Net();
    const penalty = orthonormal({ lambda: 1 });
    const optimizer = new SGD([...penalty.weightsOf(model).keys()], { lr: 0.1, momentum: 0 });
    const before = penalty.of(model).item();
    for (let step = 0; step < 300; step++)
      scope(() => {
        backward(penalty.of(model));
        optimizer.step();
      });
    const after = penalty.of(model).item();
    assert.ok(before > 0.1 && after < 1e-10, `${before} to ${after}`);
    optimizer.dispose();
    model.dispose();
  }));

/** Loss and gradients of a batch. */
function pass(model: Net, penalty: OrthonormalPenalty | null, weight = 1): { loss: number; gradients: Float64Array[] } {
  const x = tensor(signed("images", N * SIZE * SIZE * 3), [N, SIZE, SIZE, 3]);
  const labels = tensor([3, 0, 5, 1]);
  x.batch = labels.batch = wholeBatch(N, { shards: 2 });
  const data = crossEntropy(model.forward(x), labels);
  const loss = penalty ? penalty.addTo(data, model) : data;
  backward(loss, { gradient: tensor([weight], []) });
  const gradients = model.parameters().map(({ grad }) => Float64Array.from(grad!.toArray()));
  dropGradients(model);
  return { loss: loss.item(), gradients };
}

test("a term of the loss: gradients of both add up, and without `reported` the loss's value stays", () =>
  within(createReferenceBackend(), () => {
    const model = new Net();
    const lambda = 0.2;
    const data = pass(model, null);
    const both = pass(model, orthonormal({ lambda }));
    const silent = pass(model, orthonormal({ lambda, reported: false }));
    const alone = orthonormal({ lambda }).of(model).item();
    assert.is(silent.loss, data.loss);
    assert.ok(alone > 0.01 && Math.abs(both.loss - data.loss - alone) < 1e-15);
    assert.equal(silent.gradients, both.gradients);
    const covered = orthonormal({ lambda }).weightsOf(model);
    model.parameters().forEach((parameter, index) => {
      const extra = covered.has(parameter) ? byDefinition(parameter, Float64Array.from(parameter.toArray()), lambda).gradient : null;
      both.gradients[index].forEach((entry, at) =>
        assert.ok(Math.abs(entry - data.gradients[index][at] - (extra ? extra[at] : 0)) < 1e-14),
      );
    });
    // Halves of a batch that is accumulated have half the penalty each.
    const half = pass(model, orthonormal({ lambda }), 0.5);
    both.gradients.forEach((list, index) =>
      list.forEach((entry, at) => assert.ok(Math.abs(entry / 2 - half.gradients[index][at]) < 1e-14)),
    );
    model.dispose();
  }));

test("the gradient of a whole loss agrees with differences", () => {
  const backend = signedBackend();
  within(backend, () => {
    const model = new Net();
    const penalty = orthonormal({ lambda: 0.2 });
    const x = tensor(signed("images", N * SIZE * SIZE * 3), [N, SIZE, SIZE, 3]);
    const labels = tensor([3, 0, 5, 1]);
    x.batch = labels.batch = wholeBatch(N, { shards: 3 });
    const lossOf = (): Tensor => penalty.addTo(crossEntropy(model.forward(x), labels), model);
    backward(lossOf());
    const moved = model.namedParameters().map(([name, variable]) => ({
      name,
      values: Float64Array.from(variable.toArray()),
      write: (values: Float64Array) => variable.backend.write(variable.buffer, values),
      gradient: variable.grad!.toArray(),
    }));
    const draws = signed("draws", 10_000);
    let drawn = 0;
    const { points, worst } = checkGradients(moved, {
      side: backend.side,
      loss: () => scope(() => noGrad(() => lossOf().item())),
      places: 12,
      draw: () => (draws[drawn++] + 1) / 2,
      tolerance: 1e-7,
    });
    assert.ok(points > 60 && worst > 0, `${points} points, worst ${worst}`);
    dropGradients(model);
    model.dispose();
  });
});

test("what the penalty covers is not decayed, and mixing is refused unless it is asked for", () =>
  within(createReferenceBackend(), () => {
    const keysOf = (model: Layer, groups: ReturnType<typeof parameterGroups>): Record<string, number> => {
      const decay = new Map(groups.flatMap(({ parameters, weightDecay }) => parameters.map((parameter) => [parameter, weightDecay!])));
      return Object.fromEntries(model.namedParameters().map(([key, parameter]) => [key, decay.get(parameter)!]));
    };
    const model = new Net();
    const penalty = orthonormal();
    const none = { "conv1.weight": 0, "conv1.bias": 0, "norm1.weight": 0, "norm1.bias": 0, "conv2.weight": 0, "norm2.weight": 0 };
    const rest = { "norm2.bias": 0, "fc.weight": 0, "fc.bias": 0 };
    assert.equal(keysOf(model, parameterGroups(model, { weightDecay: 1e-4, penalty })), { ...none, ...rest });
    assert.equal(keysOf(model, parameterGroups(model, { penalty })), { ...none, ...rest });
    assert.equal(keysOf(model, parameterGroups(model, { weightDecay: 1e-4, decayAll: true, penalty })), {
      ...{ ...none, "conv1.bias": 1e-4, "norm1.weight": 1e-4, "norm1.bias": 1e-4, "norm2.weight": 1e-4 },
      ...{ ...rest, "norm2.bias": 1e-4, "fc.bias": 1e-4 },
    });
    // A classifier of more classes than features is left out.
    const wide = new Net(12);
    assert.equal([...penalty.weightsOf(wide).values()], ["conv1.weight", "conv2.weight"]);
    assert.throws(
      () => parameterGroups(wide, { weightDecay: 1e-4, penalty }),
      /weight decay 0.0001 on 1 weights \(fc.weight\) beside the orthonormal penalty on 2 others, wanted decay 0/,
    );
    assert.is(keysOf(wide, parameterGroups(wide, { weightDecay: 1e-4, penalty, mixed: true }))["fc.weight"], 1e-4);
    assert.is(keysOf(wide, parameterGroups(wide, { penalty }))["fc.weight"], 0);
    const some = orthonormal({ which: (path) => path === "conv1" });
    assert.throws(() => parameterGroups(model, { weightDecay: 0.1, penalty: some }), /on 2 weights \(conv2.weight, ...\)/);
    model.dispose();
    wide.dispose();
  }));

test("impossible penalties are refused", () =>
  within(createReferenceBackend(), () => {
    for (const lambda of [0, -1, NaN, Infinity])
      assert.throws(() => orthonormal({ lambda }), /orthonormalPenalty: lambda .*, wanted a finite one/);
    assert.throws(() => orthonormal().of(new BatchNorm2d(3)), /0 weights to cover, wanted at least 1/);
    assert.throws(() => orthonormal().of(new Conv2d(4, 8, 3, { groups: 2 })), /a convolution in 2 groups, wanted 1/);
  }));

test("leaves no buffer behind", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const model = new Net();
    const penalty = orthonormal();
    const { buffers } = backend.memoryUse();
    scope(() => pass(model, penalty));
    assert.is(backend.memoryUse().buffers, buffers);
    model.dispose();
  });
});

test.run();
