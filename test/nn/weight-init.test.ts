// One initializer for all weights of a model; everything else keeps the values of its seed.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withBackend } from "../../ts/autograd/index.ts";
import { createDryBackend, createReferenceBackend } from "../../ts/backend/index.ts";
import { filterCosines, imageNetLayout, modulated, none, resnetV1 } from "../../ts/models/index.ts";
import { BatchNorm2d, Conv2d, filtersOf, init, initializeWeights, uninitialized } from "../../ts/nn/index.ts";
import { orthonormal } from "../../ts/optim/index.ts";

const test = suite("nn/weight-init");

test("weights of convolutions and linear layers are drawn anew by path and seed, all else stays", () =>
  withBackend(createReferenceBackend(), () => {
    const options = { depth: 8, width: 2, skip: none(), seed: 4 };
    const before = resnetV1(options).stateDict();
    const model = initializeWeights(resnetV1(options), init.orthonormalFilters(), { seed: 4 });
    const after = model.stateDict();
    const layers = filterCosines(model).map(({ layer }) => `${layer}.weight`);
    assert.is(layers.length, 8);
    for (const [key, { values }] of Object.entries(after)) {
      if (layers.includes(key)) assert.not.equal(values, before[key].values, key);
      else assert.equal(values, before[key].values, key);
    }
    assert.ok(
      orthonormal({ which: () => true })
        .of(model)
        .item() < 1e-20,
    );
    assert.equal(initializeWeights(resnetV1(options), init.orthonormalFilters(), { seed: 4 }).stateDict(), after);
    const other = initializeWeights(resnetV1(options), init.orthonormalFilters(), { seed: 5 }).stateDict();
    assert.not.equal(other[layers[0]].values, after[layers[0]].values);
  }));

test("some layers only, and none is refused", () =>
  withBackend(createReferenceBackend(), () => {
    const options = { depth: 8, width: 2, skip: none() };
    const before = resnetV1(options).stateDict();
    const which = (path: string): boolean => path === "stem.conv";
    const after = initializeWeights(resnetV1(options), init.orthonormalFilters(), { which }).stateDict();
    const changed = Object.keys(after).filter((key) => after[key].values.join() !== before[key].values.join());
    assert.equal(changed, ["stem.conv.weight"]);
    assert.throws(
      () => initializeWeights(new BatchNorm2d(3), init.orthonormalFilters()),
      /0 convolutions and linear layers, wanted at least 1/,
    );
    // Values that come from elsewhere are left alone.
    const empty = uninitialized(() => initializeWeights(new Conv2d(2, 2, 3), init.orthonormalFilters()));
    assert.ok(empty.weight.toArray().every((value) => value === 0));
  }));

for (const depth of [20, 44, 110])
  test(`plain-${depth}: every layer can be orthonormal as a whole, and every convolution is tapped`, () =>
    withBackend(createDryBackend(), () => {
      const model = modulated(uninitialized(() => resnetV1({ depth, skip: none() })));
      const convolutions = [...model.namedModules()].flatMap(([, layer]) => (layer instanceof Conv2d ? [layer] : []));
      assert.is(convolutions.length, depth - 1);
      assert.ok(convolutions.every(({ tap }) => tap !== null));
      const weights = [...orthonormal().weightsOf(model).keys()];
      assert.is(weights.length, depth);
      for (const { shape } of weights) assert.is(filtersOf(shape).groups.length, 1, `[${shape.join()}]`);
    }));

test("bottlenecks of ResNet-50 have their wide layers in groups", () =>
  withBackend(createDryBackend(), () => {
    const model = uninitialized(() => resnetV1({ depth: 50, layout: imageNetLayout(), classes: 1000 }));
    const grouped = [...orthonormal().weightsOf(model)].filter(([{ shape }]) => filtersOf(shape).groups.length > 1);
    // 16 expansions to four times the width, and four projections, of which the first quadruples and three double.
    const counts = grouped.map(([{ shape }]) => filtersOf(shape).groups.length);
    assert.is(counts.filter((count) => count === 4).length, 17);
    assert.is(counts.filter((count) => count === 2).length, 3);
    assert.is(counts.length, 20);
    for (const [{ shape }] of grouped) {
      const { inputs, groups } = filtersOf(shape);
      assert.ok(groups.every((count) => count <= inputs));
    }
  }));

test.run();
