import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withBackend } from "../../ts/autograd/index.ts";
import { createDryBackend, createReferenceBackend } from "../../ts/backend/index.ts";
import { formatSummary, resnetV2, summarizeModel } from "../../ts/models/index.ts";
import { Conv2d, Linear, Sequential, uninitialized } from "../../ts/nn/index.ts";
import { saying } from "../saying.ts";

const test = suite("model summary");

const dry = (depth: number) => withBackend(createDryBackend(), () => uninitialized(() => resnetV2({ depth })));

test("counts what He et al. 2016 count for ResNet-20 and 110", () => {
  const small = summarizeModel(dry(20), [32, 32, 3]);
  assert.is(small.parameters, 269_722);
  // 40.55 million multiply-adds: 442,368 of the stem, 3 x 6 convolutions of 2,359,296 less 2 that halve their input, 640 of the head.
  assert.is(small.flops, 2 * (442_368 + 18 * 2_359_296 - 2 * 1_179_648 + 640));
  assert.is(summarizeModel(dry(110), [32, 32, 3]).parameters, 1_727_962);
});

test("the sums are the sums of the rows, in the order of the forward pass", () => {
  const { rows, parameters, flops } = summarizeModel(dry(8), [32, 32, 3]);
  assert.is(
    rows.reduce((sum, row) => sum + row.parameters, 0),
    parameters,
  );
  assert.is(
    rows.reduce((sum, row) => sum + row.flops, 0),
    flops,
  );
  assert.equal(rows[0], { path: "stem.conv", layer: "Conv2d 3x3", output: [32, 32, 16], parameters: 432, flops: 884_736 });
  assert.is(rows.at(-1)?.path, "head.fc");
  assert.is(rows.find(({ path }) => path === "stages.1.blocks.0.conv1")?.layer, "Conv2d 3x3, stride 2");
});

test("leaves a real model as it was, and gives the same numbers there", () => {
  withBackend(createReferenceBackend(), () => {
    const make = () => new Sequential(new Conv2d(4, 6, 3, { groups: 2, bias: true }), new Linear(6, 2));
    const model = make();
    const before = model.stateDict();
    const { rows, flops, activationBytes } = summarizeModel(model, [5, 5, 4]);
    assert.equal(
      rows.map(({ path, layer, output, parameters }) => [path, layer, output, parameters]),
      [
        ["0", "Conv2d 3x3, 2 groups", [3, 3, 6], 3 * 3 * 2 * 6 + 6],
        ["1", "Linear 6 to 2", [3, 3, 2], 14],
      ],
    );
    assert.is(flops, 2 * (3 * 3 * 6 * 3 * 3 * 2 + 3 * 3 * 2 * 6));
    // 8 bytes each: input, output of the convolution, output of the linear layer.
    assert.ok(activationBytes >= 8 * (5 * 5 * 4 + 3 * 3 * 6 + 3 * 3 * 2));
    assert.equal(model.stateDict(), before);
    assert.ok(model.training);
    assert.not.ok(model.layers.some((layer) => Object.hasOwn(layer, "forward")));
  });
});

test("a layer that is called twice has its parameters once and its work twice", () => {
  withBackend(createDryBackend(), () => {
    const layer = new Linear(4, 4);
    const { rows, parameters } = summarizeModel(new Sequential(layer, layer), [4]);
    assert.is(parameters, 20);
    assert.equal(
      rows.map((row) => [row.path, row.parameters, row.flops]),
      [
        ["0", 20, 32],
        ["0", 0, 32],
      ],
    );
  });
});

test("as a table", () => {
  const text = formatSummary(summarizeModel(dry(8), [32, 32, 3]));
  assert.match(text, /^layer +output +parameters +MFLOP\n/);
  assert.match(text, /\nhead\.fc +Linear 64 to 10 +10 +650 +0\.00\n/);
  assert.match(text, /\nparameters {3}75,290 and 480 running statistics, 0\.30 MB\n/);
});

test("a model without parameters is refused", () => {
  assert.throws(() => summarizeModel(new Sequential(), [1]), saying("summarizeModel: a model without parameters"));
});

test.run();
