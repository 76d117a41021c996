// What a residual unit is made of: where its stream starts, what its skip is given, what a skip that drops the branch saves.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { relu, tensor, type Tensor } from "../../../ts/autograd/index.ts";
import "../../../ts/autograd/methods.ts";
import { BasicUnit, BottleneckUnit, type UnitOptions } from "../../../ts/models/block/unit.ts";
import { additive, padChannels, projection, type Skip } from "../../../ts/models/index.ts";
import { initialize, type Layer } from "../../../ts/nn/index.ts";
import { normals } from "../../autograd/normals.ts";
import { inFloat64NoGrad as inFloat64 } from "../../in-float64.ts";

const test = suite("models/block/unit");

const SITE = { index: 0, depth: 1, width: 4 };

function options(given: Partial<UnitOptions> = {}): UnitOptions {
  return { inputs: 4, width: 4, stride: 1, skip: additive().at(SITE), downsample: null, sharesActivation: false, bias: false, ...given };
}

function images(channels = 4): Tensor {
  return tensor(Float64Array.from({ length: 2 * 16 * channels }, normals(1)), [2, 4, 4, channels]);
}

/** A layer of a unit, by its name. */
function part(unit: Layer, name: string): Layer {
  const found = unit.children().find(([own]) => own === name);
  if (!found) throw new Error(`part: ${name} in no unit`);
  return found[1] as Layer;
}

/** A skip that remembers what it was given and returns the stream. */
function spy(): { skip: Skip; stream: () => number[]; training: () => boolean; branches: Tensor[]; run: (on: boolean) => void } {
  let given: number[] = [];
  let trained = false;
  let runs = true;
  const branches: Tensor[] = [];
  return {
    skip: {
      join: (stream, branch, { training }) => {
        given = [...stream.toArray()];
        trained = training;
        if (runs) branches.push(branch());
        return stream;
      },
    },
    stream: () => given,
    training: () => trained,
    branches,
    run: (on) => (runs = on),
  };
}

test("basic: BN-ReLU conv BN-ReLU conv, then the skip, and nothing after it", () =>
  inFloat64(() => {
    const unit = initialize(new BasicUnit(options()));
    const x = images();
    const y = unit.eval().forward(x);
    const f = ["norm1", "conv1", "norm2", "conv2"].reduce((value, name) => part(unit, name).forward(value), x);
    // In evaluation norm2 is folded into conv1, which rounds otherwise.
    const wanted = x.add(f).toArray();
    y.toArray().forEach((value, index) => assert.ok(Math.abs(value - wanted[index]) < 1e-12, `${value}, wanted ${wanted[index]}`));
    assert.ok(
      y.toArray().some((value) => value < 0),
      "no activation after the addition",
    );
    // The norms end in a ReLU.
    assert.ok(
      part(unit, "norm1")
        .forward(x)
        .toArray()
        .every((value) => value >= 0),
    );
    assert.equal(
      unit.namedParameters().map(([key]) => key),
      ["norm1.weight", "norm1.bias", "conv1.weight", "norm2.weight", "norm2.bias", "conv2.weight"],
    );
  }));

test("bottleneck: 1x1 with the stride, 3x3, 1x1 four times as wide", () =>
  inFloat64(() => {
    const unit = initialize(
      new BottleneckUnit(options({ inputs: 8, width: 2, stride: 2, downsample: projection().at({ inputs: 8, outputs: 8, stride: 2 }) })),
    );
    const shapes = Object.entries(unit.stateDict()).filter(([key]) => key.includes("conv"));
    assert.equal(
      shapes.map(([key, { shape }]) => `${key} ${shape.join("x")}`),
      ["downsample.conv.weight 8x8x1x1", "conv1.weight 2x8x1x1", "conv2.weight 2x2x3x3", "conv3.weight 8x2x1x1"],
    );
    assert.equal([...part(unit, "conv1").forward(images(8)).shape], [2, 2, 2, 2]);
    assert.equal([...unit.forward(images(8)).shape], [2, 2, 2, 8]);
  }));

test("the stream is the input, the activated input, or the shortcut of either", () =>
  inFloat64(() => {
    const x = images();
    const activated = relu(x);
    const change = { inputs: 4, outputs: 8, stride: 2 };
    const shortcut = padChannels().at(change);
    const half = { width: 8, stride: 2, downsample: shortcut };
    for (const [given, wanted] of [
      [{}, x],
      [{ sharesActivation: true }, null],
      [half, shortcut.forward(x)],
      [{ ...half, sharesActivation: true }, null],
    ] as const) {
      const { skip, stream, branches } = spy();
      const unit = initialize(new BasicUnit(options({ ...given, skip }))).eval();
      unit.forward(x);
      const activation = part(unit, "norm1").forward(x);
      const exact = wanted ?? ("width" in given ? shortcut.forward(activation) : activation);
      assert.equal(stream(), [...exact.toArray()]);
      assert.equal([...branches[0].shape], [...exact.shape]);
    }
    // With fresh running statistics the norm is nearly the identity.
    const unit = new BasicUnit(options()).eval();
    part(unit, "norm1")
      .forward(x)
      .toArray()
      .forEach((value, at) => assert.ok(Math.abs(value - activated.toArray()[at]) < 1e-4));
  }));

test("a skip learns whether the model trains, and a branch that is not asked for does not run", () =>
  inFloat64(() => {
    const { skip, training, run } = spy();
    const unit = initialize(new BasicUnit(options({ skip })));
    unit.forward(images());
    assert.is(training(), true);
    const before = part(unit, "norm2").stateDict();
    run(false);
    unit.forward(images());
    assert.equal(part(unit, "norm2").stateDict(), before, "running statistics of a dropped branch stay");
    unit.eval().forward(images());
    assert.is(training(), false);
  }));

test.run();
