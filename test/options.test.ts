// Options of other names are refused, wherever a call takes options.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { clamp, conv2d, crossEntropy, scope, slice, softmax, tensor, withBackend, zeros } from "../ts/autograd/index.ts";
import { createReferenceBackend } from "../ts/backend/reference.ts";
import { arrayDataset } from "../ts/data/index.ts";
import { resnetV2, vit } from "../ts/models/index.ts";
import { Conv2d, Linear, Sequential } from "../ts/nn/index.ts";
import { Adam, AdamW, SGD } from "../ts/optim/index.ts";
import { wantOptions } from "../ts/options.ts";
import { DataLoader } from "../ts/train/index.ts";
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
      assert.throws(() => new SGD(new Linear(2, 2) as unknown as []), /^optimizer: no list, wanted model.parameters\(\) or groups/);
      assert.throws(() => new Linear(2, 2, other({ useBias: false })), /^Linear: option useBias, wanted bias, initializer, /);
      assert.throws(() => new Linear(undefined as unknown as number, 2), /^Variable: shape \[2,\], wanted whole numbers of at least 0$/);
      assert.throws(() => new Conv2d(1, 1, 3, other({ strides: 2 })), /^Conv2d: option strides, wanted stride, padding, /);
      assert.throws(() => resnetV2({ depth: 8, ...other({ num_classes: 5 }) }), /^resnet: option num_classes, wanted depth, classes, /);
      assert.throws(() => vit(other({ imgSize: 64 })), /^vit: option imgSize, wanted size, patch, /);
      const set = arrayDataset(new Uint8Array(4), [0, 1, 0, 1], { classes: 2, image: { height: 1, width: 1, channels: 1 } });
      const loading = (options: object) => (): unknown => new DataLoader(set, { batchSize: 2, ...options });
      assert.throws(loading({ shufle: true }), /^DataLoader: option shufle, wanted batchSize, shuffle, /);
      assert.throws(loading({ augment: { hflip: 0.5 } }), /^augment: option hflip, wanted seed, crop, /);
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

test("what has another form than PyTorch's is said, not ignored", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = zeros([2, 3]);
      const as = <T>(value: unknown): T => value as T;
      assert.throws(() => softmax(x, as({ axis: 0 })), /^softmax: axis \[object Object\] of \[2,3\], wanted -2 to 1$/);
      assert.throws(() => clamp(x, as({ min: 0 }), as(undefined)), /^clamp: \[object Object\] to undefined, wanted two numbers$/);
      assert.throws(() => clamp(x, 0, NaN), /^clamp: 0 to NaN, wanted two numbers$/);
      assert.equal([...clamp(tensor([-2, 5]), 0, Infinity).toArray()], [0, 5]);
      assert.throws(() => slice(x, as(0), as(1)), /^slice: 0 to 1, wanted lists of a number an axis$/);
      assert.throws(() => zeros(as(2)), /^tensor: shape \[2\], wanted a list of whole numbers of at least 0$/);
      assert.throws(() => zeros([2, -1]), /^tensor: shape \[2,-1\], wanted a list of whole numbers/);
      assert.throws(() => crossEntropy(x, as([0, 1])), /^crossEntropy: target that is no tensor, wanted tensor\(\[...\]\)$/);
      assert.throws(
        () => new Sequential(new Linear(2, 2), as(Math.abs)),
        /^Sequential: no layer at 1, wanted layers one by one; new Apply/,
      );
      assert.throws(() => new Sequential(as([new Linear(2, 2)])), /^Sequential: no layer at 0, /);
    }),
  ));

test.run();
