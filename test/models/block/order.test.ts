// Units in every order of activation against the paper's figure 4, written as a chain of steps and computed here in plain loops.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, tensor, withBackend } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/reference.ts";
import { BasicUnit, BottleneckUnit, SingleUnit } from "../../../ts/models/block/unit.ts";
import {
  additive,
  fullPreActivation,
  normAfterAddition,
  original,
  reluBeforeAddition,
  reluPreActivation,
  resnetV1,
  resnetV2,
} from "../../../ts/models/index.ts";
import { BatchNorm2d, Conv2d, initialize, type Layer } from "../../../ts/nn/index.ts";
import { signed } from "../../golden/hash.ts";

const test = suite("models/block/order");

const [N, SIZE] = [2, 4];
const units = { single: SingleUnit, basic: BasicUnit, bottleneck: BottleneckUnit };

/** Steps of a unit of 8 channels; + adds the unit's input. */
const chains = [
  [original(), "single", "conv1 norm1 + relu"],
  [original(), "basic", "conv1 norm1 relu conv2 norm2 + relu"],
  [original(), "bottleneck", "conv1 norm1 relu conv2 norm2 relu conv3 norm3 + relu"],
  [normAfterAddition(), "single", "conv1 + norm1 relu"],
  [normAfterAddition(), "basic", "conv1 norm1 relu conv2 + norm2 relu"],
  [normAfterAddition(), "bottleneck", "conv1 norm1 relu conv2 norm2 relu conv3 + norm3 relu"],
  [reluBeforeAddition(), "single", "conv1 norm1 relu +"],
  [reluBeforeAddition(), "basic", "conv1 norm1 relu conv2 norm2 relu +"],
  [reluBeforeAddition(), "bottleneck", "conv1 norm1 relu conv2 norm2 relu conv3 norm3 relu +"],
  [reluPreActivation(), "single", "relu conv1 norm1 +"],
  [reluPreActivation(), "basic", "relu conv1 norm1 relu conv2 norm2 +"],
  [reluPreActivation(), "bottleneck", "relu conv1 norm1 relu conv2 norm2 relu conv3 norm3 +"],
  [fullPreActivation(), "single", "norm1 relu conv1 +"],
  [fullPreActivation(), "basic", "norm1 relu conv1 norm2 relu conv2 +"],
  [fullPreActivation(), "bottleneck", "norm1 relu conv1 norm2 relu conv2 norm3 relu conv3 +"],
] as const;

/** [N,H,W,C] with a filter [R,S,C,K], padded to the same size. */
function convolved(x: Float64Array, weight: ArrayLike<number>, [rows, columns, inputs, outputs]: readonly number[]): Float64Array {
  const y = new Float64Array(N * SIZE * SIZE * outputs);
  for (let n = 0; n < N; n++)
    for (let h = 0; h < SIZE; h++)
      for (let w = 0; w < SIZE; w++)
        for (let r = 0; r < rows; r++)
          for (let s = 0; s < columns; s++) {
            const [row, column] = [h + r - (rows - 1) / 2, w + s - (columns - 1) / 2];
            if (row < 0 || row >= SIZE || column < 0 || column >= SIZE) continue;
            for (let c = 0; c < inputs; c++)
              for (let k = 0; k < outputs; k++)
                y[((n * SIZE + h) * SIZE + w) * outputs + k] +=
                  x[((n * SIZE + row) * SIZE + column) * inputs + c] * weight[((r * columns + s) * inputs + c) * outputs + k];
          }
  return y;
}

/** Batch norm with the batch's own mean and variance. */
function normalized(x: Float64Array, gamma: ArrayLike<number>, beta: ArrayLike<number>): Float64Array {
  const channels = gamma.length;
  const rows = x.length / channels;
  const [mean, variance] = [new Float64Array(channels), new Float64Array(channels)];
  x.forEach((value, at) => (mean[at % channels] += value / rows));
  x.forEach((value, at) => (variance[at % channels] += (value - mean[at % channels]) ** 2 / rows));
  return x.map((value, at) => {
    const c = at % channels;
    return ((value - mean[c]) / Math.sqrt(variance[c] + 1e-5)) * gamma[c] + beta[c];
  });
}

function computed(unit: Layer, chain: string, x: Float64Array): Float64Array {
  const parts = new Map(unit.children());
  return chain.split(" ").reduce((value, step) => {
    if (step === "+") return value.map((own, at) => own + x[at]);
    if (step === "relu") return value.map((own) => Math.max(own, 0));
    const part = parts.get(step);
    if (part instanceof Conv2d) return convolved(value, part.weight.toArray(), part.weight.shape);
    if (part instanceof BatchNorm2d) return normalized(value, part.weight!.toArray(), part.bias!.toArray());
    throw new Error(`computed: no ${step} in the unit`);
  }, x);
}

/** Scales and shifts that matter. */
function stir(unit: Layer): void {
  for (const [key, variable] of unit.namedParameters())
    if (variable.shape.length === 1) {
      const noise = signed(key, variable.size);
      const values = variable.toArray();
      variable.backend.write(
        variable.buffer,
        values.map((value, at) => value + 0.5 * noise[at]),
      );
    }
}

for (const [order, kind, chain] of chains)
  test(`${order.label}, ${kind}: ${chain}`, () =>
    withBackend(createReferenceBackend(), () =>
      scope(() =>
        noGrad(() => {
          const Unit = units[kind];
          const unit = new Unit({
            inputs: 8,
            width: 8 / Unit.expansion,
            stride: 1,
            skip: additive().at({ index: 0, depth: 1, width: 8 }),
            downsample: null,
            sharesActivation: false,
            bias: false,
            order,
          });
          stir(initialize(unit));
          const x = signed("unit", N * SIZE * SIZE * 8);
          const wanted = computed(unit, chain, x);
          const y = unit.forward(tensor(x, [N, SIZE, SIZE, 8])).toArray();
          y.forEach((value, at) => assert.ok(Math.abs(value - wanted[at]) < 1e-12, `${value}, wanted ${wanted[at]}`));
          // Every layer of the chain and no other.
          const layers = chain.split(" ").filter((step) => /\d/.test(step));
          assert.equal(
            unit
              .children()
              .map(([name]) => name)
              .sort(),
            [...layers].sort(),
          );
        }),
      ),
    ));

/** Whether a stem, the first unit and the end have a norm, and whether the end has anything. */
test("where nets of each order have their first and last activation", () => {
  withBackend(createReferenceBackend(), () => {
    const keysOf = (order: typeof original): string[] => Object.keys(resnetV1({ depth: 8, width: 2, order: order() }).stateDict());
    const has = (order: typeof original): boolean[] =>
      ["stem.norm.weight", "stages.0.blocks.0.norm1.weight", "stages.0.blocks.0.norm3.weight", "norm.weight"].map((key) =>
        keysOf(order).includes(key),
      );
    for (const order of [original, normAfterAddition, reluBeforeAddition, reluPreActivation])
      assert.equal(has(order), [true, true, false, false]);
    assert.equal(has(fullPreActivation), [false, true, false, true]);
    // Without an order each family has its own.
    const [v1, v2] = [resnetV1({ depth: 8, width: 2 }), resnetV2({ depth: 8, width: 2 })];
    assert.equal([v1.name, v1.orderLabel], ["resnet_8", "original"]);
    assert.equal([v2.name, v2.orderLabel], ["resnetv2_8", "full pre-activation"]);
  });
});

test.run();
