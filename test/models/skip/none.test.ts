// Without a skip the stream is left out: the block is its branch.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, multiply, scope, sum, tensor, withBackend } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/reference.ts";
import { none } from "../../../ts/models/index.ts";

const test = suite("models/skip/none");

test("y = f, and the stream gets no gradient but through f", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = tensor([[1, -2, 3]], undefined, { requiresGrad: true });
      const f = tensor([[0.5, 0.25, -4]], undefined, { requiresGrad: true });
      const skip = none().at({ index: 0, depth: 1, width: 3 });
      let calls = 0;
      const y = skip.join(
        x,
        () => {
          calls++;
          return multiply(f, 2);
        },
        { training: true },
      );
      assert.is(calls, 1);
      assert.equal([...y.toArray()], [1, 0.5, -8]);
      backward(sum(y));
      assert.is(x.grad, null);
      assert.equal([...f.grad!.toArray()], [2, 2, 2]);
      f.grad!.dispose();
      assert.is(none().label, "none");
    }),
  ));

test.run();
