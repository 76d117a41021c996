// Larger images: values by hand and of PyTorch, gradients, errors.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gradientError, gradients, multiply, sum, tensor, upsample2d } from "../../../ts/autograd/index.ts";
import { inFloat64 } from "../../in-float64.ts";
import { is } from "../values.ts";

const test = suite("autograd/ops/upsample");

test("nearest neighbors", () =>
  inFloat64(() => {
    const x = tensor([1, 2, 3, 4], [1, 2, 2, 1], { requiresGrad: true });
    const y = upsample2d(x, 2);
    is(y, [1, 4, 4, 1], [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    const weights = tensor(
      Array.from({ length: 16 }, (_, index) => index),
      [1, 4, 4, 1],
    );
    is(gradients(sum(multiply(y, weights)), [x])[0], [1, 2, 2, 1], [0 + 1 + 4 + 5, 2 + 3 + 6 + 7, 8 + 9 + 12 + 13, 10 + 11 + 14 + 15]);
    assert.throws(() => upsample2d(x, 1.5), /^upsample2d: \[1,2,2,1\] by 1.5, wanted \[N,H,W,C\] by a whole number of at least 1$/);
  }));

test("bilinear, as PyTorch", () =>
  inFloat64(() => {
    const x = tensor([1, 2, 3, 5, 8, 13], [1, 2, 3, 1]);
    const y = upsample2d(x, 2, { mode: "bilinear" });
    assert.equal([...y.shape], [1, 4, 6, 1]);
    // PyTorch 1.13, float64: interpolate(x, scale_factor=2, mode="bilinear").
    const wanted = [
      1.0, 1.25, 1.75, 2.25, 2.75, 3.0, 2.0, 2.375, 3.125, 4.0, 5.0, 5.5, 4.0, 4.625, 5.875, 7.5, 9.5, 10.5, 5.0, 5.75, 7.25, 9.25, 11.75,
      13.0,
    ];
    wanted.forEach((value, index) => assert.ok(Math.abs(y.toArray()[index] - value) < 1e-12, `${y.toArray()[index]}, wanted ${value}`));
    assert.ok(
      gradientError((image) => upsample2d(image, 3, { mode: "bilinear" }), [tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2])]) < 1e-9,
    );
    assert.throws(() => upsample2d(x, 2, { mode: "bicubic" as "bilinear" }), /^upsample2d: mode bicubic, wanted nearest or bilinear$/);
  }));

test.run();
