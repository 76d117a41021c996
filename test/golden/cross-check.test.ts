// The nets on the float64 reference backend against PyTorch in float64, which shares no code with them: outputs in training and
// evaluation, the loss, all gradients and the running statistics, to 1e-9 of the largest value of each tensor.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, withBackend } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { done, goldenBatch, goldenNet, gradientsOf, skips, trainingPass, type NetFile } from "./nets.ts";
import { difference, fromDigests, golden } from "./numbers.ts";

const TOLERANCE = 1e-9;

const test = suite("golden/cross-check");

for (const name of ["resnet20", "bottleneck20", "wide18", "wide50"]) {
  const { options, cases } = golden<NetFile>(`${name}.json`);
  for (const [label, skip] of Object.entries(skips))
    test(`${name}, ${label}`, () => {
      const wanted = cases[label];
      withBackend(createReferenceBackend(), () =>
        scope(() => {
          const model = goldenNet(options, skip);
          // The batch in two logical shards, so that sums over the batch go through the tree.
          const batch = goldenBatch(options, { shards: 2 });
          assert.is(
            model.parameters().reduce((sum, { size }) => sum + size, 0),
            wanted.parameters,
          );
          const evaluated = noGrad(() => model.eval().forward(batch.x)).toArray();
          assert.ok(difference(evaluated, wanted.evaluated) < TOLERANCE, `evaluation: ${difference(evaluated, wanted.evaluated)}`);
          const { loss, logits } = trainingPass(model.train(), batch);
          assert.ok(difference(logits, wanted.logits) < TOLERANCE, `logits: ${difference(logits, wanted.logits)}`);
          assert.ok(Math.abs(loss - wanted.loss) < TOLERANCE, `loss ${loss}, wanted ${wanted.loss}`);
          const gradients = fromDigests(gradientsOf(model), wanted.gradients);
          assert.ok(gradients.error < TOLERANCE, `gradient of ${gradients.key}: ${gradients.error}`);
          const running = Object.fromEntries(
            Object.entries(model.stateDict()).filter(([key]) => key.includes(".running_") || key.startsWith("norm.running_")),
          );
          const statistics = fromDigests(running, wanted.statistics);
          assert.ok(statistics.error < TOLERANCE, `${statistics.key}: ${statistics.error}`);
          done(model);
        }),
      );
    });
}

test("a wrong number is noticed", () => {
  const { options, cases } = golden<NetFile>("bottleneck20.json");
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const model = goldenNet(options, skips.additive);
      const batch = goldenBatch(options);
      trainingPass(model, batch);
      const gradients = gradientsOf(model);
      assert.ok(fromDigests(gradients, cases.additive.gradients).error < TOLERANCE);
      assert.ok(fromDigests(gradients, cases["orthogonal-feature"].gradients).error > 1e-3);
      const { values } = gradients["stages.1.blocks.0.conv1.weight"];
      values[5] += 1e-6 * Math.max(...values);
      const moved = fromDigests(gradients, cases.additive.gradients);
      assert.is(moved.key, "stages.1.blocks.0.conv1.weight");
      assert.ok(moved.error > TOLERANCE);
      done(model);
    }),
  );
});

test.run();
