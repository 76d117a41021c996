import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inputOf } from "../../ts/data/picture-input.ts";

const test = suite("picture input");

test("a model gets the middle, normalized, and brightness where it has one channel", () => {
  const gray = { width: 2, height: 2, channels: 1, mean: [0.5], std: [0.25] };
  // Wider than high: columns 1 and 2 of 4.
  const pixels = Uint8Array.from([0, 255, 0, 255].flatMap((v) => [v, v, v]).concat([255, 0, 255, 0].flatMap((v) => [v, v, v]))); // prettier-ignore
  assert.equal([...inputOf({ width: 4, height: 2, pixels }, gray)], [2, -2, -2, 2]);
  const color = { width: 1, height: 1, channels: 3, mean: [0, 0.5, 1], std: [1, 1, 0.5] };
  assert.equal([...inputOf({ width: 1, height: 1, pixels: Uint8Array.from([255, 0, 255]) }, color)], [1, -0.5, 0]);
  const one = inputOf({ width: 1, height: 1, pixels: Uint8Array.from([255, 0, 0]) }, { ...gray, width: 1, height: 1, mean: [0], std: [1] });
  assert.ok(Math.abs(one[0] - 0.299) < 1e-6);
});

test.run();
