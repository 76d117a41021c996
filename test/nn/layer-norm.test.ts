// Layer norm and group norm against their formulas; neither looks at other samples.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, multiply, sum, tensor, wholeBatch, type Tensor } from "../../ts/autograd/index.ts";
import { GroupNorm, LayerNorm } from "../../ts/nn/index.ts";
import { normals } from "../autograd/normals.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("nn/layer-norm");

const [N, P, C] = [3, 4, 6];

function values(seed: number, length = N * P * C): Float64Array {
  return Float64Array.from({ length }, normals(seed));
}

/** Values at the given places, minus their mean, over the root of their variance plus eps. */
function standardize(all: ArrayLike<number>, places: readonly number[], eps: number): Map<number, number> {
  const mean = places.reduce((total, at) => total + all[at], 0) / places.length;
  const variance = places.reduce((total, at) => total + (all[at] - mean) * (all[at] - mean), 0) / places.length;
  return new Map(places.map((at) => [at, (all[at] - mean) / Math.sqrt(variance + eps)]));
}

function near(got: ArrayLike<number>, wanted: (at: number) => number): void {
  for (let at = 0; at < got.length; at++) assert.ok(Math.abs(got[at] - wanted(at)) < 1e-13, `[${at}]: ${got[at]}, wanted ${wanted(at)}`);
}

function fill(layer: LayerNorm): { weight: Float64Array; bias: Float64Array } {
  const [weight, bias] = [values(8, C), values(9, C)];
  layer.weight!.backend.write(layer.weight!.buffer, weight);
  layer.bias!.backend.write(layer.bias!.buffer, bias);
  return { weight, bias };
}

test("layer norm standardizes the last axis, then scales and shifts", () =>
  inFloat64(() => {
    const x = values(1);
    for (const eps of [1e-5, 0.3]) {
      const layer = new LayerNorm(C, { eps });
      const { weight, bias } = fill(layer);
      const y = layer.forward(tensor(x, [N, P, C])).toArray();
      const plain = new LayerNorm(C, { eps, affine: false }).forward(tensor(x, [N, P, C])).toArray();
      for (let row = 0; row < N * P; row++) {
        const standard = standardize(
          x,
          Array.from({ length: C }, (_, c) => row * C + c),
          eps,
        );
        for (const [at, value] of standard) {
          assert.ok(Math.abs(plain[at] - value) < 1e-13);
          assert.ok(Math.abs(y[at] - (value * weight[at % C] + bias[at % C])) < 1e-13);
        }
      }
    }
  }));

for (const groups of [1, 2, 3, 6])
  test(`group norm of ${groups} standardizes a sample's group of channels over positions`, () =>
    inFloat64(() => {
      const x = values(2);
      const layer = new GroupNorm(groups, C);
      const { weight, bias } = fill(layer);
      const standard = new Map<number, number>();
      for (let n = 0; n < N; n++)
        for (let group = 0; group < groups; group++) {
          const places: number[] = [];
          for (let at = n * P * C; at < (n + 1) * P * C; at++) if (Math.floor(((at % C) * groups) / C) === group) places.push(at);
          standardize(x, places, 1e-5).forEach((value, at) => standard.set(at, value));
        }
      near(layer.forward(tensor(x, [N, 2, 2, C])).toArray(), (at) => standard.get(at)! * weight[at % C] + bias[at % C]);
    }));

test("gradients of scale and shift are sums over all positions, in any number of shards", () =>
  inFloat64(() => {
    for (const make of [(): LayerNorm => new LayerNorm(C), (): LayerNorm => new GroupNorm(2, C)])
      for (const shards of [null, 1, 2, 3, 5]) {
        const slice = shards === null ? null : wholeBatch(N, { shards });
        const layer = make();
        const plain = make();
        const of = (seed: number): Tensor => {
          const made = tensor(values(seed), [N, 2, 2, C]);
          made.batch = slice;
          return made;
        };
        const [x, w] = [of(3), of(4)];
        backward(sum(multiply(layer.forward(x), w)));
        const standard = plain.forward(x).toArray();
        const weights = w.toArray();
        const [dweight, dbias] = [new Float64Array(C), new Float64Array(C)];
        weights.forEach((value, at) => {
          dweight[at % C] += value * standard[at];
          dbias[at % C] += value;
        });
        near(layer.weight!.grad!.toArray(), (at) => dweight[at]);
        near(layer.bias!.grad!.toArray(), (at) => dbias[at]);
        layer.dispose();
        plain.dispose();
      }
  }));

test("training and evaluation are the same, and other samples do not matter", () =>
  inFloat64(() => {
    const x = values(5);
    for (const layer of [new LayerNorm(C), new GroupNorm(3, C)]) {
      const all = [...layer.forward(tensor(x, [N, 2, 2, C])).toArray()];
      assert.equal(
        [
          ...layer
            .eval()
            .forward(tensor(x, [N, 2, 2, C]))
            .toArray(),
        ],
        all,
      );
      const one = layer.forward(tensor(x.slice(P * C, 2 * P * C), [1, 2, 2, C])).toArray();
      assert.equal([...one], all.slice(P * C, 2 * P * C));
    }
  }));

test("state keys and errors", () =>
  inFloat64(() => {
    assert.equal(
      new LayerNorm(C).entries().map(({ key }) => key),
      ["weight", "bias"],
    );
    assert.equal(new GroupNorm(2, C, { affine: false }).entries(), []);
    assert.throws(() => new GroupNorm(4, C), /GroupNorm: 4 groups of 6 channels, wanted groups that divide the channels/);
    assert.throws(() => new LayerNorm(5).forward(tensor(values(1), [N * P, C])), /layerNorm: \[12,6\]/);
  }));

test.run();
