// Rows by number: values, gradient of rows used twice, keys, errors; on threads, sums are formed shard by shard.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, multiply, sum, tensor, wholeBatch, zeros } from "../../ts/autograd/index.ts";
import { Embedding, init } from "../../ts/nn/index.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("nn/embedding");

test("rows by number, and their gradient", () =>
  inFloat64(() => {
    const layer = new Embedding(3, 2);
    layer.loadStateDict({ weight: { shape: [3, 2], values: Float64Array.of(1, 2, 3, 4, 5, 6) } });
    for (const batch of [null, wholeBatch(2, { shards: 2 })]) {
      const numbers = tensor([2, 0, 2, 2], [2, 2]);
      numbers.batch = batch;
      const y = layer.forward(numbers);
      assert.equal([...y.shape], [2, 2, 2]);
      assert.equal([...y.toArray()], [5, 6, 1, 2, 5, 6, 5, 6]);
      backward(sum(multiply(y, tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]))));
      assert.equal([...layer.weight.grad!.toArray()], [3, 4, 0, 0, 13, 16]);
      layer.weight.grad = null;
    }
  }));

test("initial values by an initializer", () =>
  inFloat64(() => {
    assert.equal([...new Embedding(1, 3, { initializer: init.constant(2) }).weight.toArray()], [2, 2, 2]);
    const drawn = [...new Embedding(200, 50).weight.toArray()];
    const square = drawn.reduce((total, value) => total + value * value, 0) / drawn.length;
    assert.ok(Math.abs(square - 1) < 0.05, `${square}`);
  }));

test("errors", () =>
  inFloat64(() => {
    const layer = new Embedding(3, 2);
    assert.throws(() => layer.forward(tensor([0, 3])), /^embedding: row 3, wanted whole numbers from 0 to 2$/);
    assert.throws(() => layer.forward(tensor([0.5])), /^embedding: row 0.5, wanted/);
    assert.throws(() => layer.forward(zeros([])), /^embedding: table \[3,2\], numbers \[\], wanted/);
  }));

test.run();
