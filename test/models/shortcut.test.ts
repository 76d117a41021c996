// Option A and the projection: what the stream becomes where a unit changes its shape.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { add, gradients, multiply, subsample2d, sum, tensor } from "../../ts/autograd/index.ts";
import { padChannels, projection } from "../../ts/models/index.ts";
import type { Conv2d } from "../../ts/nn/index.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("models/shortcut");

test("option A takes every second pixel and adds zero channels behind", () =>
  inFloat64(() => {
    // Value of pixel (row, column), channel c: 100 row + 10 column + c.
    const x = tensor(
      Float64Array.from({ length: 5 * 4 * 2 }, (_, at) => 100 * Math.floor(at / 8) + 10 * (Math.floor(at / 2) % 4) + (at % 2)),
      [1, 5, 4, 2],
      { requiresGrad: true },
    );
    const shortcut = padChannels().at({ inputs: 2, outputs: 5, stride: 2 });
    assert.equal(shortcut.parameters(), []);
    const y = shortcut.forward(x);
    assert.equal([...y.shape], [1, 3, 2, 5]);
    const wanted: number[] = [];
    for (const row of [0, 2, 4]) for (const column of [0, 2]) wanted.push(100 * row + 10 * column, 100 * row + 10 * column + 1, 0, 0, 0);
    assert.equal([...y.toArray()], wanted);
    const [dx] = gradients(sum(y), [x]);
    assert.is(
      [...dx.toArray()].reduce((total, value) => total + value, 0),
      12,
    );
    assert.equal([...dx.toArray()].slice(0, 8), [1, 1, 0, 0, 1, 1, 0, 0]);
    assert.equal([...dx.toArray()].slice(8, 16), [0, 0, 0, 0, 0, 0, 0, 0]);
    dx.dispose();
  }));

test("option A without a stride only widens, and never narrows", () =>
  inFloat64(() => {
    const y = padChannels()
      .at({ inputs: 1, outputs: 2, stride: 1 })
      .forward(tensor([5, 6], [1, 1, 2, 1]));
    assert.equal([...y.toArray()], [5, 0, 6, 0]);
    assert.throws(() => padChannels().at({ inputs: 4, outputs: 3, stride: 2 }), /padChannels: 4 to 3 channels, wanted no fewer/);
  }));

test("its gradient is added to that of the other reader of its input", () =>
  inFloat64(() => {
    const x = tensor([1, 2, 3, 4, 5, 6], [1, 2, 3, 1], { requiresGrad: true });
    const shortcut = padChannels().at({ inputs: 1, outputs: 2, stride: 2 });
    const h = multiply(x, 1);
    const sampled = shortcut.forward(h);
    // The last operation, hence the first in backward().
    const [dx] = gradients(add(sum(multiply(sampled, 10)), sum(multiply(h, h))), [x]);
    assert.equal([...dx.toArray()], [12, 4, 16, 8, 10, 12]);
    dx.dispose();
  }));

test("subsampling refuses what it cannot do", () =>
  inFloat64(() => {
    const x = tensor([1, 2], [1, 1, 1, 2]);
    assert.throws(() => subsample2d(x, 0, 2), /subsample2d: stride 0, wanted a whole number of at least 1/);
    assert.throws(() => subsample2d(x, 2, 1), /subsample2d: 1 channels for \[1,1,1,2\], wanted a whole number of at least 2/);
    assert.throws(() => subsample2d(tensor([1]), 1, 1), /subsample2d: \[1\], wanted \[N,H,W,C\]/);
  }));

test("the projection is a 1x1 convolution with the stride, by timm's name", () =>
  inFloat64(() => {
    const shortcut = projection({ bias: true }).at({ inputs: 2, outputs: 3, stride: 2 });
    assert.equal(
      shortcut.entries().map(({ key, shape }) => [key, [...shape]]),
      [
        ["conv.weight", [3, 2, 1, 1]],
        ["conv.bias", [3]],
      ],
    );
    shortcut.loadStateDict({
      "conv.weight": { shape: [3, 2, 1, 1], values: Float64Array.of(1, 0, 0, 1, 1, -1) },
      "conv.bias": { shape: [3], values: Float64Array.of(0, 0.5, 0) },
    });
    const x = tensor(
      Float64Array.from({ length: 18 }, (_, at) => at),
      [1, 3, 3, 2],
    );
    const y = shortcut.forward(x);
    assert.equal([...y.shape], [1, 2, 2, 3]);
    assert.equal([...y.toArray()], [0, 1.5, -1, 4, 5.5, -1, 12, 13.5, -1, 16, 17.5, -1]);
    const plain = projection().at({ inputs: 2, outputs: 3, stride: 1 });
    assert.equal(
      plain.entries().map(({ key }) => key),
      ["conv.weight"],
    );
    const ones = projection({ initializer: (variable) => variable.backend.fill(variable.buffer, 1) }).at({
      inputs: 2,
      outputs: 3,
      stride: 1,
    });
    const { conv } = ones as unknown as { conv: Conv2d };
    assert.ok([...conv.weight.toArray()].every((value) => value === 1));
    shortcut.dispose();
    plain.dispose();
    ones.dispose();
  }));

test.run();
