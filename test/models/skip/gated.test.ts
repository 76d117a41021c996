// Gates: (1 - g) s + g f and (1 - g) s + f with g = sigmoid(conv1x1(x) + b), open and shut, and what the gate is made of.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tensor, withBackend, type Tensor } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/reference.ts";
import { additive, gated, none, observed, original, resnetV1, StreamRecorder, type Skip, type SkipKind } from "../../../ts/models/index.ts";
import { init, initialize, uninitialized, type Module } from "../../../ts/nn/index.ts";
import { normals } from "../../autograd/normals.ts";
import { inFloat64NoGrad as inFloat64 } from "../../in-float64.ts";

const test = suite("models/skip/gated");

function image(seed: number, channels: number, size = 4): Tensor {
  return tensor(Float64Array.from({ length: 2 * size * size * channels }, normals(seed)), [2, size, size, channels]);
}

for (const exclusive of [true, false])
  test(`${exclusive ? "exclusive" : "shortcut only"}: the formula, with stride and width of a unit that changes shapes`, () =>
    inFloat64(() => {
      const skip = gated({ exclusive, bias: -0.5 }).at({ index: 1, depth: 2, width: 6, inputs: 3, stride: 2 });
      initialize(skip as Skip & Module, { seed: 4 });
      const state = (skip as Skip & Module).stateDict();
      assert.equal(
        Object.entries(state).map(([key, { shape }]) => `${key} ${shape.join("x")}`),
        ["conv.weight 6x3x1x1", "conv.bias 6"],
      );
      assert.ok([...state["conv.bias"].values].every((value) => value === -0.5));
      const [x, s, f] = [image(1, 3), image(2, 6, 2), image(3, 6, 2)];
      const y = skip.join(s, () => f, { training: true, input: x }).toArray();
      const [xs, ss, fs, weight] = [x.toArray(), s.toArray(), f.toArray(), state["conv.weight"].values];
      y.forEach((value, at) => {
        const [k, column, row, n] = [at % 6, Math.floor(at / 6) % 2, Math.floor(at / 12) % 2, Math.floor(at / 24)];
        let logit = -0.5;
        for (let c = 0; c < 3; c++) logit += weight[k * 3 + c] * xs[((n * 4 + 2 * row) * 4 + 2 * column) * 3 + c];
        const g = 1 / (1 + Math.exp(-logit));
        const wanted = (1 - g) * ss[at] + (exclusive ? g : 1) * fs[at];
        assert.ok(Math.abs(value - wanted) < 1e-14, `${value}, wanted ${wanted}`);
      });
    }));

/** Logits of an original net with gates whose weights are 0. */
function logits(skip: SkipKind): number[] {
  const model = resnetV1({ depth: 8, width: 2, skip, seed: 3 });
  const values = [...model.forward(image(5, 3, 8)).toArray()];
  model.dispose();
  return values;
}

const zero = init.normal(0);

test("shut gates: the identity where they are exclusive, plain addition where the shortcut alone is gated, to the bit", () =>
  inFloat64(() => {
    const site = { index: 0, depth: 1, width: 3 };
    const [x, f] = [image(1, 3), image(2, 3)];
    const shut = gated({ bias: -1000, initializer: zero }).at(site);
    assert.equal(shut.join(x, () => f, { training: true }).toArray(), x.toArray());
    assert.equal(logits(gated({ exclusive: false, bias: -1000, initializer: zero })), logits(additive()));
  }));

test("open gates: the plain net where they are exclusive", () =>
  inFloat64(() => {
    const open = logits(gated({ bias: 1000, initializer: zero }));
    // s + 1 (f - s) rounds.
    logits(none()).forEach((wanted, at) => assert.ok(Math.abs(open[at] - wanted) < 1e-9, `${open[at]}, wanted ${wanted}`));
    const branch = logits(gated({ exclusive: false, bias: 1000, initializer: zero }));
    logits(none()).forEach((wanted, at) => assert.ok(Math.abs(branch[at] - wanted) < 1e-9));
  }));

test("a net's gates are in its state, under the same keys when they are observed", () =>
  withBackend(createReferenceBackend(), () => {
    const keysOf = (skip: SkipKind): string[] =>
      resnetV1({ depth: 8, width: 2, skip, order: original() })
        .namedParameters()
        .map(([key]) => key);
    const keys = keysOf(gated());
    assert.equal(
      keys.filter((key) => key.includes("skip")),
      [0, 1, 2].flatMap((stage) => ["weight", "bias"].map((name) => `stages.${stage}.blocks.0.skip.conv.${name}`)),
    );
    assert.equal(keysOf(observed(gated(), new StreamRecorder())), keys);
    // The observed gate starts and trains like the other.
    const [plain, watched] = [gated(), observed(gated(), new StreamRecorder())].map((skip) =>
      resnetV1({ depth: 8, width: 2, skip, seed: 8 }).eval().stateDict(),
    );
    assert.equal(watched, plain);
    assert.ok([...plain["stages.1.blocks.0.skip.conv.bias"].values].every((value) => value === -6));
    const bare = uninitialized(() => resnetV1({ depth: 8, width: 2, skip: gated({ bias: -3 }) })).stateDict();
    assert.ok([...bare["stages.1.blocks.0.skip.conv.bias"].values].every((value) => value === -3));
  }));

test("labels, and a bias that is none", () => {
  assert.is(gated().label, "exclusive gating, bias -6");
  assert.is(gated({ exclusive: false, bias: 0 }).label, "shortcut-only gating, bias 0");
  assert.throws(() => gated({ bias: -Infinity }), /gated: bias -Infinity, wanted a finite number/);
});

test.run();
