// The nets' sizes against the papers', their state keys, shapes on the way through, options and errors.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, sizeOf, tensor, withBackend } from "../../ts/autograd/index.ts";
import { createDryBackend, createReferenceBackend } from "../../ts/backend/index.ts";
import { none, orthogonal, padChannels, projection, ResNetV2, resnetV2, type ResNetV2Options } from "../../ts/models/index.ts";
import { uninitialized } from "../../ts/nn/index.ts";
import { normals } from "../autograd/normals.ts";

const test = suite("models/resnet-v2");

function parametersOf(options: ResNetV2Options): number {
  const model = withBackend(createDryBackend(), () => uninitialized(() => new ResNetV2(options)));
  return model.parameters().reduce((sum, { size }) => sum + size, 0);
}

// Exact numbers: PyTorch's for test/golden/resnet_v2.py. The paper's, in millions: He et al. 2016.
for (const [depth, exact, paper] of [
  [20, 269_722, ""],
  [32, 464_154, ""],
  [44, 658_586, ""],
  [56, 853_018, ""],
  [110, 1_727_962, "1.73"],
  [164, 1_703_258, "1.70"],
  [1001, 10_327_706, "10.33"],
  [18, 11_176_074, ""],
  [34, 21_287_946, ""],
  [50, 23_535_754, ""],
  [101, 42_553_994, ""],
] as const)
  test(`ResNetV2-${depth} has ${exact} parameters`, () => {
    const count = parametersOf({ depth });
    assert.is(count, exact);
    if (paper !== "") assert.is((count / 1e6).toFixed(2), paper);
  });

test("skips without parameters and the final norm change the count as they should", () => {
  assert.is(parametersOf({ depth: 20, skip: orthogonal() }), 269_722);
  assert.is(parametersOf({ depth: 18, finalNorm: true }), 11_176_074 + 2 * 512);
  assert.is(parametersOf({ depth: 20, finalNorm: false }), 269_722 - 2 * 64);
  assert.is(parametersOf({ depth: 20, classes: 100 }), 269_722 + 90 * 65);
  assert.is(parametersOf({ depth: 20, channels: 1 }), 269_722 - 2 * 9 * 16);
  assert.is(parametersOf({ depth: 20, shortcut: projection() }), 269_722 + 16 * 32 + 32 * 64);
});

test("state keys are timm's", () => {
  const keys = (options: ResNetV2Options): string[] =>
    withBackend(createDryBackend(), () => uninitialized(() => new ResNetV2(options)))
      .entries()
      .map(({ key }) => key);
  const norm = (name: string): string[] => ["weight", "bias", "running_mean", "running_var"].map((key) => `${name}.${key}`);
  const unit = (path: string): string[] => [
    ...norm(`${path}.norm1`),
    `${path}.conv1.weight`,
    ...norm(`${path}.norm2`),
    `${path}.conv2.weight`,
  ];
  assert.equal(keys({ depth: 8 }), [
    "stem.conv.weight",
    ...unit("stages.0.blocks.0"),
    ...unit("stages.1.blocks.0"),
    ...unit("stages.2.blocks.0"),
    ...norm("norm"),
    "head.fc.weight",
    "head.fc.bias",
  ]);
  const wide = keys({ depth: 50 });
  for (const key of [
    "stem.conv.weight",
    "stem.conv.bias",
    "stem.norm.running_var",
    "stages.0.blocks.0.downsample.conv.weight",
    "stages.0.blocks.0.downsample.conv.bias",
    "stages.3.blocks.2.norm3.weight",
    "stages.3.blocks.2.conv3.bias",
    "head.fc.weight",
  ])
    assert.ok(wide.includes(key), key);
  assert.not.ok(
    wide.some((key) => key.startsWith("norm.")),
    "no norm after the last unit",
  );
  assert.is(wide.filter((key) => key.endsWith("downsample.conv.weight")).length, 4);
  assert.is(new Set(wide).size, wide.length);
});

/** Shapes after the stem and each stage, and of the logits. */
function shapesOf(options: ResNetV2Options, size = 32): string[] {
  return withBackend(createReferenceBackend(), () =>
    scope(() =>
      noGrad(() => {
        const model = resnetV2(options).eval();
        const next = normals(3);
        const channels = options.channels ?? 3;
        let x = model.stem.forward(tensor(Float64Array.from({ length: size * size * channels }, next), [1, size, size, channels]));
        const shapes = [x.shape.join()];
        for (const stage of model.stages) {
          x = stage.forward(x);
          shapes.push(x.shape.join());
        }
        shapes.push(model.head.forward(x).shape.join());
        assert.ok(x.toArray().every(Number.isFinite));
        model.dispose();
        return shapes;
      }),
    ),
  );
}

test("ResNetV2-18, 34, 50 and 101 halve the image three times and widen to 8 and 32 times the width", () => {
  const basic = ["1,32,32,2", "1,32,32,2", "1,16,16,4", "1,8,8,8", "1,4,4,16", "1,10"];
  const bottleneck = ["1,32,32,2", "1,32,32,8", "1,16,16,16", "1,8,8,32", "1,4,4,64", "1,10"];
  assert.equal(shapesOf({ depth: 18, width: 2 }), basic);
  assert.equal(shapesOf({ depth: 34, width: 2 }), basic);
  assert.equal(shapesOf({ depth: 50, width: 2 }), bottleneck);
  assert.equal(shapesOf({ depth: 101, width: 2 }), bottleneck);
});

test("6n+2 and 9n+2 nets halve the image twice", () => {
  assert.equal(shapesOf({ depth: 14, width: 3, classes: 7 }), ["1,32,32,3", "1,32,32,3", "1,16,16,6", "1,8,8,12", "1,7"]);
  assert.equal(shapesOf({ depth: 11, block: "bottleneck", width: 2 }, 16), ["1,16,16,2", "1,16,16,8", "1,8,8,16", "1,4,4,32", "1,10"]);
  assert.equal(shapesOf({ depth: 8, width: 2, channels: 1 }, 28), ["1,28,28,2", "1,28,28,2", "1,14,14,4", "1,7,7,8", "1,10"]);
});

test("units number 54, 54 and 333 in the paper's nets, and skips are told where they sit", () => {
  for (const [depth, units, lastWidth] of [
    [110, 54, 64],
    [164, 54, 256],
    [1001, 333, 256],
  ]) {
    const sites: number[] = [];
    let width = 0;
    const skip = {
      label: "counted",
      at: (site: { index: number; depth: number; width: number }) => {
        sites.push(site.index);
        assert.is(site.depth, units);
        width = site.width;
        return none().at(site);
      },
    };
    withBackend(createDryBackend(), () => uninitialized(() => new ResNetV2({ depth, skip })));
    assert.equal(
      sites,
      Array.from({ length: units }, (_, index) => index),
    );
    assert.is(width, lastWidth);
  }
});

test("initial weights are a function of seed and path", () => {
  withBackend(createReferenceBackend(), () => {
    const first = resnetV2({ depth: 8, width: 2, seed: 5 }).stateDict();
    const again = resnetV2({ depth: 8, width: 2, seed: 5 }).stateDict();
    const other = resnetV2({ depth: 8, width: 2, seed: 6 }).stateDict();
    const longer = resnetV2({ depth: 14, width: 2, seed: 5 }).stateDict();
    assert.equal(first, again);
    assert.not.equal(first["stem.conv.weight"], other["stem.conv.weight"]);
    // The same path in a deeper net starts the same.
    assert.equal(first["stages.0.blocks.0.conv1.weight"], longer["stages.0.blocks.0.conv1.weight"]);
    assert.not.equal([...first["stages.0.blocks.0.conv1.weight"].values], [...first["stages.0.blocks.0.conv2.weight"].values]);
    assert.ok([...first["norm.weight"].values].every((value) => value === 1));
    // He, fan-out: variance 2 / (9 * 8) for the last convolution, 8 filters of 8 channels.
    const { values, shape } = first["stages.2.blocks.0.conv2.weight"];
    assert.is(sizeOf(shape), 576);
    const variance = [...values].reduce((sum, value) => sum + value * value, 0) / values.length;
    assert.ok(Math.abs(variance / (2 / 72) - 1) < 0.25, `variance ${variance}`);
  });
});

test("options: shortcut and where it starts from", () => {
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = tensor(Float64Array.from({ length: 64 * 3 }, normals(8)), [1, 8, 8, 3]);
      const run = (options: Partial<ResNetV2Options>): number[] =>
        scope(() =>
          noGrad(() => [
            ...resnetV2({ depth: 8, width: 2, seed: 1, ...options })
              .eval()
              .forward(x)
              .toArray(),
          ]),
        );
      assert.equal(run({ shortcut: padChannels() }), run({}));
      assert.equal(run({ shortcutInput: "activation" }), run({}));
      assert.not.equal(run({ shortcutInput: "stream" }), run({}));
      assert.not.equal(run({ shortcut: projection() }), run({}));
    }),
  );
});

test("a depth that is none is refused", () => {
  assert.throws(() => parametersOf({ depth: 21 }), /depth 21, wanted 6n\+2/);
  assert.throws(() => parametersOf({ depth: 2 }), /depth 2, wanted/);
  assert.throws(() => parametersOf({ depth: 20.5 }), /depth 20.5, wanted/);
  assert.throws(() => parametersOf({ depth: 111, block: "bottleneck" }), /depth 111, wanted 9n\+2/);
});

test.run();
