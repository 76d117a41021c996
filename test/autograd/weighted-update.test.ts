// The orthogonal update with factors has the bits of the ops for the factors and the update one after the other: values, gradients and the
// gradients of the factors, in whole batches and shard by shard, at widths with and without code of their own.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import "../../ts/node.ts";
import {
  affine,
  backward,
  orthogonalUpdate,
  scaleAdd,
  scaleBy,
  scope,
  tensor,
  weightedUpdate,
  wholeBatch,
  type Over,
  type Tensor,
} from "../../ts/autograd/index.ts";
import { normals } from "./normals.ts";
import { saying } from "../saying.ts";

const test = suite("autograd/weighted update");

type Join = (x: Tensor, f: Tensor, a: Tensor, b: Tensor, options: { readonly over: Over; readonly eps: number }) => Tensor;

const pairs: Readonly<Record<string, readonly [fused: Join, apart: Join]>> = {
  "(1 + a) x": [
    (x, f, a, _b, options) => weightedUpdate(x, f, { stream: a, plus: 1 }, options),
    (x, f, a, _b, options) => orthogonalUpdate(scaleBy(x, a, { plus: 1 }), f, options),
  ],
  "b f": [
    (x, f, _a, b, options) => weightedUpdate(x, f, { branch: b }, options),
    (x, f, _a, b, options) => orthogonalUpdate(x, scaleBy(f, b), options),
  ],
  "-f": [
    (x, f, _a, _b, options) => weightedUpdate(x, f, { branch: -1 }, options),
    (x, f, _a, _b, options) => orthogonalUpdate(x, affine(f, -1, 0), options),
  ],
  "b f and q f beside": [
    (x, f, a, b, options) => weightedUpdate(x, f, { branch: b, parallel: a }, options),
    (x, f, a, b, options) => scaleAdd(f, a, orthogonalUpdate(x, scaleBy(f, b), options)),
  ],
  "q f beside": [
    (x, f, a, _b, options) => weightedUpdate(x, f, { parallel: a }, options),
    (x, f, a, _b, options) => scaleAdd(f, a, orthogonalUpdate(x, f, options)),
  ],
  "all of them": [
    (x, f, a, b, options) => weightedUpdate(x, f, { stream: a, plus: 0.5, branch: b, parallel: a }, options),
    (x, f, a, b, options) => scaleAdd(f, a, orthogonalUpdate(scaleBy(x, a, { plus: 0.5 }), scaleBy(f, b), options)),
  ],
};

/** y and all gradients, as bits. */
function bitsOf(join: Join, shape: readonly number[], over: Over, shards: number | null): Record<string, string> {
  return scope(() => {
    const draw = normals(7);
    const size = shape.reduce((product, length) => product * length, 1);
    const filled = (): Tensor => {
      // Zeros of both signs among them.
      const made = tensor(
        Float32Array.from({ length: size }, (_, i) => (i % 11 === 3 ? 0 : i % 13 === 5 ? -0 : draw())),
        shape,
      );
      made.batch = shards === null ? null : wholeBatch(shape[0], { shards });
      made.requiresGrad = true;
      return made;
    };
    const [x, f, gradient] = [filled(), filled(), filled()];
    gradient.requiresGrad = false;
    const [a, b] = [0.3, -0.7].map((value) => {
      const made = tensor([value], [1]);
      made.requiresGrad = true;
      return made;
    });
    const y = join(x, f, a, b, { over, eps: 1e-3 });
    const of = (found: Tensor | null): string => (found ? Buffer.from(new Float32Array(found.toArray()).buffer).toString("hex") : "none");
    const value = of(y);
    backward(y, { gradient });
    const grads = Object.fromEntries(Object.entries({ x, f, a, b }).map(([name, { grad }]) => [name, of(grad)]));
    for (const { grad } of [x, f, a, b]) grad?.dispose();
    return { value, ...grads };
  });
}

/** Positions and widths: with code of their own, in strips, a row longer than a block of sums. */
const shapes = [
  [6, 9, 16],
  [6, 50, 32],
  [5, 3, 1024],
  [6, 40, 24],
  [4, 30, 100],
  [3, 2, 2049],
];

for (const [name, [fused, apart]] of Object.entries(pairs))
  test(`${name}: the same bits, whole and in shards`, () => {
    for (const shape of shapes)
      for (const over of ["feature", "sample"] as const)
        for (const shards of [null, 1, 3]) {
          const wanted = bitsOf(apart, shape, over, shards);
          assert.not.equal(wanted["x"], "none");
          const found = bitsOf(fused, shape, over, shards);
          for (const [what, bits] of Object.entries(wanted)) {
            const where = `${what} of [${shape.join(",")}] over ${over}, ${shards ?? "no"} shards`;
            // Several consumers of one gradient add up in another order where all factors are there.
            if (name === "all of them" && what === "a") continue;
            assert.ok(found[what] === bits, where);
          }
        }
  });

test("refuses shapes that differ and factors of several values", () => {
  scope(() => {
    const [x, f, two] = [tensor(new Float32Array(6), [2, 3]), tensor(new Float32Array(6), [3, 2]), tensor([1, 2], [2])];
    assert.throws(() => weightedUpdate(x, f, {}), saying("weightedUpdate: stream [2,3] and branch [3,2], wanted equal shapes [N, ..., C]"));
    assert.throws(() => weightedUpdate(x, x, { stream: two }), saying("weightedUpdate: a factor of [2], wanted one value"));
  });
});

test.run();
