// Tensors of no axis and of axes of length 0: an empty sum is 0, a scalar has its loss, what has no meaning is refused.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  backward,
  binaryCrossEntropy,
  linear,
  logSoftmax,
  matmul,
  ones,
  scope,
  softmax,
  tensor,
  withBackend,
} from "../../ts/autograd/index.ts";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { readKernels } from "../../ts/node.ts";

const test = suite("autograd/empty");
const nothing = (...shape: number[]) => tensor(new Float64Array(0), shape, { requiresGrad: true });

for (const backend of [createReferenceBackend(), createWasmBackend(new WebAssembly.Module(readKernels()))]) {
  const inside = (body: () => void) => () => withBackend(backend, () => scope(body));
  /** What is allocated next is not zeros by chance. */
  const soil = (): void => ones([16]).dispose();

  test(
    `${backend.name}: a product over nothing is 0, or the bias`,
    inside(() => {
      soil();
      assert.equal([...matmul(nothing(2, 0), nothing(0, 3)).toArray()], [0, 0, 0, 0, 0, 0]);
      soil();
      assert.equal([...matmul(nothing(2, 2, 0), nothing(2, 0, 1)).toArray()], [0, 0, 0, 0]);
      soil();
      assert.equal([...linear(nothing(2, 0), nothing(2, 0), tensor([1, 2])).toArray()], [1, 2, 1, 2]);
      const [a, b] = [nothing(2, 0), nothing(0, 3)];
      backward(matmul(a, b), { gradient: ones([2, 3]) });
      assert.equal(
        [a.grad!.shape, b.grad!.shape],
        [
          [2, 0],
          [0, 3],
        ],
      );
    }),
  );

  test(
    `${backend.name}: the binary cross-entropy of one number`,
    inside(() => {
      const x = tensor([2], [], { requiresGrad: true });
      const loss = binaryCrossEntropy(x, tensor([0.5], []));
      assert.equal(loss.shape, []);
      assert.ok(Math.abs(loss.item() - (1 + Math.log1p(Math.exp(-2)))) < 1e-6);
      backward(loss);
      assert.equal(x.grad!.shape, []);
      assert.ok(Math.abs(x.grad!.item() - (1 / (1 + Math.exp(-2)) - 0.5)) < 1e-6);
    }),
  );

  test(
    `${backend.name}: no axis, no softmax`,
    inside(() => {
      assert.throws(() => softmax(tensor([2], [])), /^softmax: axis -1 of \[\], wanted /);
      assert.throws(() => logSoftmax(tensor([2], [])), /^logSoftmax: axis -1 of \[\], wanted /);
    }),
  );
}

test.run();
