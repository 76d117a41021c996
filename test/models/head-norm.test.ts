// headNorm normalizes the pooled features: logits do not change with the stream's scale.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, tensor, withBackend } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/index.ts";
import { resnetV2 } from "../../ts/models/index.ts";
import { signed } from "../golden/hash.ts";

const test = suite("models/head-norm");

test("a layer norm with scale and shift between pool and classifier", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const model = resnetV2({ depth: 8, width: 2, finalNorm: false, headNorm: true }).eval();
      assert.equal(
        Object.keys(model.stateDict()).filter((key) => key.startsWith("head.")),
        ["head.norm.weight", "head.norm.bias", "head.fc.weight", "head.fc.bias"],
      );
      const stream = signed("stream", 2 * 2 * 2 * 8);
      const logits = (scale: number): number[] =>
        noGrad(() => [
          ...model.head
            .forward(
              tensor(
                stream.map((value) => scale * value),
                [2, 2, 2, 8],
              ),
            )
            .toArray(),
        ]);
      const [once, often] = [logits(1000), logits(5000)];
      once.forEach((value, at) => assert.ok(Math.abs(value - often[at]) < 1e-8));
      assert.is.not(once[0], 0);
      model.dispose();
    }),
  ));

test.run();
