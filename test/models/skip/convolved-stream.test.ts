// C x + f, and C x + f_perp with f_perp by x; C = I at the start is the skip inside. Maps and tokens.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { additive, convolvedStream, none, orthogonal } from "../../../ts/models/index.ts";
import { deviates, farthest, joined, partsOf } from "./joined.ts";

const test = suite("models/skip/convolved-stream");

const [x, f] = [deviates(1, 60), deviates(2, 60)];
const { across } = partsOf(x, f, 5);

for (const shape of [
  [2, 2, 3, 5],
  [4, 3, 5],
  [12, 5],
]) {
  test(`the identity at the start: [${shape.join()}]`, () => {
    assert.ok(farthest(joined(convolvedStream(), x, f, { shape }), joined(additive(), x, f)) < 1e-14);
    assert.ok(farthest(joined(convolvedStream(orthogonal()), x, f, { shape }), joined(orthogonal(), x, f)) < 1e-14);
  });

  test(`a matrix on the channels: [${shape.join()}]`, () => {
    const matrix = deviates(3, 25);
    const wanted = (part: ArrayLike<number>): number[] =>
      [...x].map((_, at) => {
        let value = part[at];
        for (let c = 0; c < 5; c++) value += x[at - (at % 5) + c] * matrix[5 * c + (at % 5)];
        return value;
      });
    const parameters = { "skip.conv.weight": matrix };
    assert.ok(farthest(joined(convolvedStream(), x, f, { shape, parameters }), wanted(f)) < 1e-13);
    assert.ok(farthest(joined(convolvedStream(orthogonal()), x, f, { shape, parameters }), wanted(across)) < 1e-13);
  });
}

test("what has no meaning", () => assert.throws(() => convolvedStream(none()), /convolvedStream: around "none"/));

test.run();
