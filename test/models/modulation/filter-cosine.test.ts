// Mean cosine of pairs of filters against plain loops, and where it is known.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withBackend } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/index.ts";
import { filterCosine, filterCosines } from "../../../ts/models/modulation/filter-cosine.ts";
import { BatchNorm2d, Conv2d, init, initializeWeights, Linear, Sequential, type Variable } from "../../../ts/nn/index.ts";

const test = suite("models/modulation/filter-cosine");

function byLoops(weight: Variable): { mean: number; absolute: number } {
  const { shape } = weight;
  const rows = shape.length === 2;
  const outputs = rows ? shape[0] : shape[shape.length - 1];
  const inputs = weight.size / outputs;
  const values = weight.toArray();
  const at = (filter: number, i: number): number => values[rows ? filter * inputs + i : i * outputs + filter];
  const dot = (a: number, b: number): number => Array.from({ length: inputs }, (_, i) => at(a, i) * at(b, i)).reduce((x, y) => x + y);
  let [mean, absolute, pairs] = [0, 0, 0];
  for (let a = 0; a < outputs; a++)
    for (let b = a + 1; b < outputs; b++) {
      const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
      mean += cosine;
      absolute += Math.abs(cosine);
      pairs++;
    }
  return { mean: mean / pairs, absolute: absolute / pairs };
}

test("agrees with plain loops, layer by layer", () =>
  withBackend(createReferenceBackend(), () => {
    const model = new Sequential(new Conv2d(3, 5, 3), new BatchNorm2d(5), new Conv2d(2, 7, 1, { bias: true }), new Linear(7, 4));
    const found = filterCosines(model);
    assert.is(found.length, 3);
    const layers = new Map(model.namedModules());
    for (const { layer, mean, absolute } of found) {
      const wanted = byLoops((layers.get(layer) as Conv2d).weight);
      assert.ok(Math.abs(mean - wanted.mean) < 1e-14, `${layer}: ${mean}, wanted ${wanted.mean}`);
      assert.ok(Math.abs(absolute - wanted.absolute) < 1e-14 && absolute > 0.05);
    }
    model.dispose();
  }));

test("0 for orthonormal filters of any gain, 1 for equal ones, 0 for one alone and for zeros", () =>
  withBackend(createReferenceBackend(), () => {
    const conv = initializeWeights(new Conv2d(2, 8, 3), init.orthonormalFilters({ gain: 3 }));
    assert.ok(filterCosine(conv.weight).absolute < 1e-15);
    const same = new Linear(3, 4, {
      initializer: (variable) =>
        variable.backend.write(
          variable.buffer,
          Array.from({ length: 12 }, (_, at) => 1 + (at % 3)),
        ),
    });
    assert.ok(Math.abs(filterCosine(same.weight).mean - 1) < 1e-15);
    same.weight.backend.write(same.weight.buffer, [1, 2, 2, -1, -2, -2, 1, 2, 2, 1, 2, 2]);
    // Of six pairs three are opposite.
    assert.ok(Math.abs(filterCosine(same.weight).mean) < 1e-15);
    assert.ok(Math.abs(filterCosine(same.weight).absolute - 1) < 1e-15);
    assert.equal(filterCosine(new Linear(3, 1).weight), { mean: 0, absolute: 0 });
    same.weight.backend.fill(same.weight.buffer, 0);
    assert.equal(filterCosine(same.weight), { mean: 0, absolute: 0 });
  }));

test.run();
