// Activations and pools as layers: values from their definitions.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { multiply, tensor, zeros } from "../../ts/autograd/index.ts";
import {
  Apply,
  AveragePool2d,
  ELU,
  Flatten,
  GELU,
  GlobalAveragePool,
  HardSwish,
  Identity,
  LeakyReLU,
  MaxPool2d,
  Mish,
  ReLU,
  ReLU6,
  Sigmoid,
  SiLU,
  Softplus,
  Tanh,
  Upsample2d,
  type Layer,
} from "../../ts/nn/index.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("nn/activation");

// Values at -2, -0.5, 0, 1 and 3, to 12 digits, from PyTorch 1.13 in float64.
const wanted: [string, Layer, number[]][] = [
  ["ReLU", new ReLU(), [0, 0, 0, 1, 3]],
  ["Identity", new Identity(), [-2, -0.5, 0, 1, 3]],
  ["Tanh", new Tanh(), [-0.964027580076, -0.46211715726, 0, 0.761594155956, 0.995054753687]],
  ["Sigmoid", new Sigmoid(), [0.119202922022, 0.377540668798, 0.5, 0.73105857863, 0.952574126822]],
  ["SiLU", new SiLU(), [-0.238405844044, -0.188770334399, 0, 0.73105857863, 2.857722380467]],
  ["Softplus", new Softplus(), [0.126928011043, 0.47407698418, 0.69314718056, 1.313261687518, 3.048587351574]],
  ["LeakyReLU", new LeakyReLU(0.2), [-0.4, -0.1, 0, 1, 3]],
  ["ELU", new ELU(), [-0.864664716763, -0.393469340287, 0, 1, 3]],
  ["ReLU6", new ReLU6(), [0, 0, 0, 1, 3]],
  ["HardSwish", new HardSwish(), [-0.333333333333, -0.208333333333, 0, 0.666666666667, 3]],
  ["Mish", new Mish(), [-0.252501482696, -0.220743774652, 0, 0.865098388267, 2.986535004968]],
  ["Apply", new Apply((x) => multiply(x, 2)), [-4, -1, 0, 2, 6]],
  ["GELU", new GELU(), [-0.045500263896, -0.154268769363, 0, 0.841344746069, 2.995950305905]],
  ["GELU by tanh", new GELU({ approximate: "tanh" }), [-0.045402305912, -0.154285990175, 0, 0.841191990608, 2.996362607918]],
];

for (const [name, layer, values] of wanted)
  test(name, () =>
    inFloat64(() => {
      const y = layer.forward(tensor([-2, -0.5, 0, 1, 3]));
      values.forEach((value, at) => assert.ok(Math.abs(y.toArray()[at] - value) < 2e-12, `[${at}]: ${y.toArray()[at]}, wanted ${value}`));
      assert.equal(layer.entries(), []);
    }),
  );

test("pools and flatten", () =>
  inFloat64(() => {
    // Pixel (row, column) of a 4x4 image is 4 row + column; a second channel is its negative.
    const x = tensor(
      Float64Array.from({ length: 32 }, (_, at) => (at % 2 === 0 ? 1 : -1) * Math.floor(at / 2)),
      [1, 4, 4, 2],
    );
    const run = (layer: Layer): [number[], number[]] => {
      const y = layer.forward(x);
      return [[...y.shape], [...y.toArray()]];
    };
    assert.equal(run(new MaxPool2d(2)), [
      [1, 2, 2, 2],
      [5, 0, 7, -2, 13, -8, 15, -10],
    ]);
    assert.equal(run(new AveragePool2d(2)), [
      [1, 2, 2, 2],
      [2.5, -2.5, 4.5, -4.5, 10.5, -10.5, 12.5, -12.5],
    ]);
    // Padding counts in the mean, as PyTorch by default; the largest value ignores it.
    assert.equal(run(new AveragePool2d(2, { stride: 3, padding: 1 }))[1].slice(0, 4), [0, 0, 1.25, -1.25]);
    assert.equal(run(new MaxPool2d(3, { stride: 2, padding: 1 }))[1], [5, 0, 7, -1, 13, -4, 15, -5]);
    assert.equal(run(new GlobalAveragePool()), [
      [1, 2],
      [7.5, -7.5],
    ]);
    assert.equal(run(new Flatten())[0], [1, 32]);
    assert.throws(() => run(new MaxPool2d(5)), /maxPool2d: window 5 on \[1,4,4,2\], wanted an input that it fits in/);
    assert.throws(() => run(new AveragePool2d(2, { padding: 2 })), /averagePool2d: size 2, stride 2, padding 2/);
  }));

test("an image of twice the size", () =>
  inFloat64(() => assert.equal([...new Upsample2d(2).forward(zeros([1, 2, 3, 4])).shape], [1, 4, 6, 4])));

test.run();
