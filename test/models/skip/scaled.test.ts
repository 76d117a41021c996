// Constant scaling: s x + b f, plain addition and the plain net at its ends.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gradients, multiply, sum, tensor } from "../../../ts/autograd/index.ts";
import { additive, none, resnetV1, scaled, type ScaledOptions, type SkipKind } from "../../../ts/models/index.ts";
import { normals } from "../../autograd/normals.ts";
import { inFloat64 } from "../../in-float64.ts";

const test = suite("models/skip/scaled");

const SITE = { index: 0, depth: 1, width: 3 };

test("y = s x + b f, dx = s dy, df = b dy", () =>
  inFloat64(() => {
    for (const [options, s, b] of [
      [{ shortcut: 0.5, branch: 0.25 }, 0.5, 0.25],
      [{ shortcut: -2 }, -2, 1],
      [{ branch: 3 }, 1, 3],
      [{}, 1, 1],
    ] as [ScaledOptions, number, number][]) {
      const [x, f] = [tensor([[1, -2, 3]], undefined, { requiresGrad: true }), tensor([[8, 4, -16]], undefined, { requiresGrad: true })];
      const y = scaled(options)
        .at(SITE)
        .join(x, () => f, { training: true });
      assert.equal([...y.toArray()], [s + 8 * b, -2 * s + 4 * b, 3 * s - 16 * b]);
      const [dx, df] = gradients(sum(multiply(y, tensor([[1, 2, 5]]))), [x, f]);
      assert.equal([...dx.toArray()], [s, 2 * s, 5 * s]);
      assert.equal([...df.toArray()], [b, 2 * b, 5 * b]);
      dx.dispose();
      df.dispose();
    }
  }));

/** Logits of a small original net. */
function logits(skip: SkipKind): number[] {
  const model = resnetV1({ depth: 8, width: 2, skip, seed: 3 });
  const x = tensor(Float64Array.from({ length: 2 * 64 * 3 }, normals(1)), [2, 8, 8, 3]);
  const values = [...model.forward(x).toArray()];
  model.dispose();
  return values;
}

test("factors of 1 give a net's bits of plain addition, a shortcut of 0 those of the plain net", () =>
  inFloat64(() => {
    assert.equal(logits(scaled()), logits(additive()));
    assert.equal(logits(scaled({ shortcut: 0 })), logits(none()));
    assert.not.equal(logits(scaled({ shortcut: 0.5 })), logits(additive()));
  }));

test("over L units the stream has the factor s^L", () =>
  inFloat64(() => {
    const skip = scaled({ shortcut: 0.5 }).at(SITE);
    let x = tensor([[1, 2, -4]], undefined);
    for (let unit = 0; unit < 10; unit++) x = skip.join(x, () => tensor([[0, 0, 0]]), { training: true });
    assert.equal([...x.toArray()], [1 / 1024, 2 / 1024, -4 / 1024]);
  }));

test("what is refused", () => {
  assert.throws(() => scaled({ shortcut: NaN }), /scaled: shortcut NaN, wanted a finite factor/);
  assert.throws(() => scaled({ branch: 0 }), /scaled: branch 0, wanted a finite factor other than 0/);
  assert.is(scaled({ shortcut: 0.5 }).label, "scaled 0.5 x + 1 f");
});

test.run();
