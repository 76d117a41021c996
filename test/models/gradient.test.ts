// Whole pre-activation nets with the orthogonal update against central differences in float64, to 1e-7: two units between stem and
// head, with whole-batch and group statistics, and the product's smallest nets of both layouts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { globalAveragePool, withBackend, type SliceOptions, type Tensor } from "../../ts/autograd/index.ts";
import { BasicUnit, BottleneckUnit } from "../../ts/models/block/unit.ts";
import { additive, orthogonal, padChannels, projection, resnetV2, type SkipKind } from "../../ts/models/index.ts";
import { BatchNorm2d, Conv2d, Layer, Linear } from "../../ts/nn/index.ts";
import { signedBackend } from "./difference.ts";
import { check, prepared } from "./net-gradients.ts";

const test = suite("models/gradient");

const [WIDTH, CLASSES] = [4, 10];

/** Stem, a first unit, a unit that halves the image and widens, BN-ReLU, pool, linear. */
class TwoUnits extends Layer {
  readonly stem = new Conv2d(3, WIDTH, 3, { padding: 1 });
  readonly units: Layer[];
  readonly norm: BatchNorm2d;
  readonly fc: Linear;

  constructor(skip: SkipKind, kind: "basic" | "bottleneck") {
    super();
    const Unit = kind === "basic" ? BasicUnit : BottleneckUnit;
    const [first, second] = [WIDTH * Unit.expansion, 2 * WIDTH * Unit.expansion];
    const shortcut = kind === "basic" ? padChannels() : projection({ bias: true });
    const unit = (index: number, inputs: number, outputs: number, stride: number, sharesActivation: boolean): Layer =>
      new Unit({
        inputs,
        width: outputs / Unit.expansion,
        stride,
        bias: kind === "bottleneck",
        skip: skip.at({ index, depth: 2, width: outputs }),
        downsample: inputs === outputs && stride === 1 ? null : shortcut.at({ inputs, outputs, stride }),
        sharesActivation,
      });
    this.units = [unit(0, WIDTH, first, 1, true), unit(1, first, second, 2, kind === "basic")];
    this.norm = new BatchNorm2d(second, { relu: true });
    this.fc = new Linear(second, CLASSES);
  }

  forward(x: Tensor): Tensor {
    const stream = this.units.reduce((value, unit) => unit.forward(value), this.stem.forward(x));
    return this.fc.forward(globalAveragePool(this.norm.forward(stream)));
  }
}

/** Gradients alone. */
function gradientsWith(slice: SliceOptions): Float64Array[] {
  return withBackend(signedBackend(), () =>
    prepared(
      () => new TwoUnits(orthogonal(), "basic"),
      slice,
      ({ moved }) => moved.map(({ gradient }) => Float64Array.from(gradient)),
    ),
  );
}

function agree(a: readonly Float64Array[], b: readonly Float64Array[]): void {
  a.forEach((values, index) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    values.forEach((value, at) => assert.ok(Math.abs(value - b[index][at]) <= 1e-12 * Math.max(largest, 0.01)));
  });
}

for (const [label, skip, kind, slice] of [
  ["basic units, update per position", orthogonal(), "basic", { shards: 1 }],
  ["basic units, update per sample", orthogonal({ over: "sample" }), "basic", { shards: 2 }],
  ["basic units, addition", additive(), "basic", { shards: 3 }],
  ["bottlenecks with projections, update per position", orthogonal(), "bottleneck", { shards: 1 }],
  ["groups of 2 samples, 1 shard", orthogonal(), "basic", { shards: 1, normGroup: 2 }],
  ["groups of 1 sample, 2 shards", orthogonal(), "basic", { shards: 2, normGroup: 1 }],
] as const)
  test(`two units: ${label}`, () => {
    const { points, redrawn, worst } = check(() => new TwoUnits(skip, kind), slice);
    assert.ok(points > 100, `${points} points`);
    assert.ok(redrawn < points / 4, `${redrawn} of ${points} drawn again`);
    assert.ok(worst > 0, "differences of exactly nothing: nothing was compared");
  });

for (const [label, options, slice] of [
  ["ResNetV2-8", { depth: 8, width: 2 }, { shards: 3 }],
  ["ResNetV2-18", { depth: 18, width: 1 }, { shards: 1 }],
] as const)
  test(`${label} with the update per position`, () => {
    const { points, redrawn } = check(() => resnetV2({ ...options, skip: orthogonal() }), slice);
    assert.ok(points > 100 && redrawn < points / 4, `${redrawn} of ${points} drawn again`);
  });

test("the number of shards changes gradients by rounding only", () => {
  for (const normGroup of [0, 1, 2]) {
    const one = gradientsWith({ shards: 1, normGroup });
    agree(one, gradientsWith({ shards: 2, normGroup }));
    agree(one, gradientsWith({ shards: 3, normGroup }));
    agree(one, gradientsWith({ shards: 7, normGroup }));
  }
  // Groups of all samples are the whole batch.
  agree(gradientsWith({ shards: 1, normGroup: 3 }), gradientsWith({ shards: 2 }));
});

test.run();
