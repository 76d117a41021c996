// Ten training steps of ResNet-20 (SGD, momentum 0.9, weight decay) on the float64 reference backend against PyTorch in float64:
// the loss of each step, and weights, running statistics and momentum after the last, to 1e-9.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scope, withBackend } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { SGD } from "../../ts/optim/index.ts";
import { besideOf, done, goldenBatch, goldenNet, skips, trainingPass, type StepsFile } from "./nets.ts";
import { difference, fromDigests, golden } from "./numbers.ts";

const TOLERANCE = 1e-9;

const test = suite("golden/cross-check-steps");
const { options, sgd, cases } = golden<StepsFile>("steps.json");

for (const [label, skip] of Object.entries(skips))
  test(label, () => {
    const wanted = cases[label];
    withBackend(createReferenceBackend(), () =>
      scope(() => {
        const model = goldenNet(options, skip).train();
        const optimizer = new SGD(model.parameters(), { lr: sgd.lr, momentum: sgd.momentum, weightDecay: sgd.weight_decay });
        const batch = goldenBatch(options);
        const losses = wanted.losses.map(() => {
          const { loss } = trainingPass(model, batch);
          optimizer.step();
          return loss;
        });
        assert.ok(difference(losses, wanted.losses) < TOLERANCE, `losses: ${difference(losses, wanted.losses)}`);
        const state = fromDigests(model.stateDict(), wanted.state);
        assert.ok(state.error < TOLERANCE, `${state.key}: ${state.error}`);
        const beside = besideOf(model, new Map(optimizer.slots.map(({ variable, state: [buffer] }) => [variable, buffer])));
        const named = Object.fromEntries(Object.entries(beside).map(([key, value]) => [`${key}.momentum_buffer`, value]));
        const momentum = fromDigests(named, wanted.momentum);
        assert.ok(momentum.error < TOLERANCE, `${momentum.key}: ${momentum.error}`);
        optimizer.dispose();
        done(model);
      }),
    );
  });

test.run();
