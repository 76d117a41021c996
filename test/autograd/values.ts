// What a tensor holds, against values worked out by hand.
import * as assert from "uvu/assert";
import type { Tensor } from "../../ts/autograd/index.ts";

/** The values, to 1e-14. */
export function near(x: Tensor, wanted: readonly number[]): void {
  const found = x.toArray();
  assert.is(found.length, wanted.length);
  wanted.forEach((value, index) => assert.ok(Math.abs(found[index] - value) < 1e-14, `${found[index]}, wanted ${value} at ${index}`));
}

/** The shape, and where they are given the values. */
export function is(x: Tensor, shape: readonly number[], values?: readonly number[]): void {
  assert.equal([...x.shape], [...shape]);
  if (values) assert.equal([...x.toArray()], [...values]);
}
