// Options of other names are refused, wherever a call takes options.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { conv2d, crossEntropy, scope, tensor, withBackend, zeros } from "../ts/autograd/index.ts";
import { createReferenceBackend } from "../ts/backend/reference.ts";
import { Linear } from "../ts/nn/index.ts";
import { Adam, AdamW, SGD } from "../ts/optim/index.ts";
import { wantOptions } from "../ts/options.ts";
import { saying } from "./saying.ts";

const test = suite("options");

test("known names pass, the first other one is named", () => {
  wantOptions("f", {}, "a");
  wantOptions("f", { a: 1, b: undefined }, "a", "b");
  assert.throws(() => wantOptions("f", { a: 1, c: 2, d: 3 }, "a", "b"), saying("f: option c, wanted a, b"));
});

test("names of other libraries are not taken for nothing", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const { weight } = new Linear(2, 2);
      const other = (options: object): object => options;
      assert.throws(() => new SGD([weight], other({ learningRate: 1 })), /^SGD: option learningRate, wanted lr, momentum, /);
      assert.throws(
        () => new Adam([weight], other({ weight_decay: 1 })),
        /^Adam: option weight_decay, wanted lr, betas, eps, weightDecay$/,
      );
      assert.throws(() => new AdamW([weight], other({ weight_decay: 1 })), /^Adam: option weight_decay, /);
      assert.throws(
        () => new SGD([{ parameters: [weight], ...other({ lr: 1 }) }]),
        /^optimizer: group: option lr, wanted parameters, lrScale, /,
      );
      const [logits, classes] = [zeros([1, 2]), tensor([1])];
      assert.throws(
        () => crossEntropy(logits, classes, other({ labelSmoothing: 0.1 })),
        /^crossEntropy: option labelSmoothing, wanted smoothing$/,
      );
      assert.throws(
        () => conv2d(zeros([1, 4, 4, 1]), zeros([3, 3, 1, 1]), null, other({ strides: 2 })),
        /^conv2d: option strides, wanted stride, /,
      );
    }),
  ));

test.run();
