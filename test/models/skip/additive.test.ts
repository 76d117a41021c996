// The standard residual connection adds, and passes its gradient to both sides unchanged.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gradients, multiply, scope, sum, tensor, withBackend } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/reference.ts";
import { additive } from "../../../ts/models/index.ts";

const test = suite("models/skip/additive");

test("y = x + f, and dx = df = dy", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = tensor([[1, -2, 3]], undefined, { requiresGrad: true });
      const f = tensor([[0.5, 0.25, -4]], undefined, { requiresGrad: true });
      const y = additive()
        .at({ index: 0, depth: 1, width: 3 })
        .join(x, () => f, { training: true });
      assert.equal([...y.toArray()], [1.5, -1.75, -1]);
      const [dx, df] = gradients(sum(multiply(y, tensor([[2, 3, 5]]))), [x, f]);
      assert.equal([...dx.toArray()], [2, 3, 5]);
      assert.equal([...df.toArray()], [2, 3, 5]);
      dx.dispose();
      df.dispose();
      assert.is(additive().label, "additive");
    }),
  ));

test.run();
