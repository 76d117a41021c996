// Layouts: stages, shapes on the way through an ImageNet stem, where the stride is, and what is refused with its reason.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, tensor, withBackend } from "../../ts/autograd/index.ts";
import { createDryBackend, createReferenceBackend } from "../../ts/backend/index.ts";
import {
  cifarLayout,
  fullPreActivation,
  imageNetLayout,
  none,
  original,
  padChannels,
  projection,
  reluPreActivation,
  resnetV1,
  resnetV2,
  summarizeModel,
  wideLayout,
  type ResNetOptions,
} from "../../ts/models/index.ts";
import { uninitialized } from "../../ts/nn/index.ts";
import { normals } from "../autograd/normals.ts";

const test = suite("models/layout");

test("units of each stage", () => {
  const stages = (depth: number, block?: "basic" | "bottleneck" | "single"): string => cifarLayout().at(depth, block).stages.join();
  assert.is(stages(20), "3,3,3");
  assert.is(stages(110), "18,18,18");
  assert.is(stages(164), "18,18,18");
  assert.is(stages(1001), "111,111,111");
  assert.is(stages(110, "single"), "36,36,36");
  assert.is(stages(164, "basic"), "27,27,27");
  assert.is(imageNetLayout().at(152).stages.join(), "3,8,36,3");
  // 16 bottlenecks more at 28x28.
  assert.is(imageNetLayout().at(200).stages.join(), "3,24,36,3");
  assert.is(wideLayout().at(101).stages.join(), "3,4,23,3");
});

test("depths without a layout are refused with the rule", () => {
  const cifar = cifarLayout();
  assert.throws(() => cifar.at(21), /cifarLayout: depth 21, wanted 6n\+2 with n of at least 1 \(20, 32, 44, 56, 110\) for basic units/);
  assert.throws(() => cifar.at(20 + 1 / 3, "single"), /wanted 3n\+2 .* for single units/);
  assert.throws(() => cifar.at(111, "bottleneck"), /depth 111, wanted 9n\+2 .* for bottleneck units/);
  assert.throws(() => cifar.at(2), /depth 2, wanted 6n\+2/);
  assert.throws(() => imageNetLayout().at(110), /imageNetLayout: depth 110, wanted 18, 34, 50, 101, 152 or 200/);
  assert.throws(() => imageNetLayout().at(50, "basic"), /depth 50 of basic units, wanted bottleneck units at this depth/);
  assert.throws(() => wideLayout().at(152), /wideLayout: depth 152, wanted 18, 34, 50 or 101/);
});

test("options without meaning are refused with the reason", () => {
  const make = (options: ResNetOptions) => () => withBackend(createDryBackend(), () => uninitialized(() => resnetV1(options)));
  const refused: [ResNetOptions, RegExp][] = [
    [{ depth: 20, finalNorm: true }, /finalNorm with order original, whose units do not start with an activation/],
    [{ depth: 20, shortcutInput: "activation" }, /shortcutInput activation with order original.*wanted stream/],
    [{ depth: 20, strideAt: 2 }, /strideAt 2 without bottlenecks/],
    [{ depth: 20, skip: none(), shortcut: projection() }, /shortcut projection and skip none, which does not use it/],
    [{ depth: 20, width: 0 }, /width 0, wanted a whole number of at least 1/],
  ];
  for (const [options, message] of refused) assert.throws(make(options), message);
  for (const options of [
    { depth: 20, finalNorm: false },
    { depth: 164, strideAt: 2 as const },
    { depth: 20, order: reluPreActivation(), finalNorm: true },
  ])
    assert.not.throws(make(options));
});

/** Outputs of the stem and of each stage. */
function shapesOf(options: ResNetOptions, size: number): string[] {
  return withBackend(createReferenceBackend(), () =>
    scope(() =>
      noGrad(() => {
        const model = resnetV1(options).eval();
        let x = model.stem.forward(tensor(Float64Array.from({ length: size * size * 3 }, normals(3)), [1, size, size, 3]));
        const shapes = [x.shape.slice(1).join("x")];
        for (const stage of model.stages) {
          x = stage.forward(x);
          shapes.push(x.shape.slice(1).join("x"));
        }
        model.dispose();
        return shapes;
      }),
    ),
  );
}

test("an ImageNet stem divides the image by 4, later stages by 2 each", () => {
  const layout = imageNetLayout();
  assert.equal(shapesOf({ depth: 18, layout, width: 2 }, 64), ["16x16x2", "16x16x2", "8x8x4", "4x4x8", "2x2x16"]);
  assert.equal(shapesOf({ depth: 50, layout, width: 1, order: fullPreActivation() }, 40), [
    "10x10x1",
    "10x10x4",
    "5x5x8",
    "3x3x16",
    "2x2x32",
  ]);
});

test("work of ImageNet nets, and the stride's place", () => {
  const flops = (options: ResNetOptions): number => {
    const model = withBackend(createDryBackend(), () =>
      uninitialized(() => resnetV1({ ...options, layout: imageNetLayout(), classes: 1000 })),
    );
    return summarizeModel(model, [224, 224, 3]).flops / 2e9;
  };
  // Multiply-adds that torchvision's documentation gives for its resnet18, 50 and 152 (stride at the 3x3): 1.81, 4.09 and 11.51 billion.
  assert.is(flops({ depth: 18 }).toFixed(2), "1.81");
  assert.is(flops({ depth: 50 }).toFixed(2), "4.09");
  assert.is(flops({ depth: 152 }).toFixed(2), "11.51");
  assert.is(flops({ depth: 50, strideAt: 1 }).toFixed(2), "3.86");
});

test("plain nets have no parameters in shortcuts, in any order and with any units", () =>
  withBackend(createDryBackend(), () => {
    for (const order of [original(), fullPreActivation()])
      for (const block of ["basic", "bottleneck", "single"] as const) {
        const model = uninitialized(() => resnetV1({ depth: 20, block, order, skip: none() }));
        assert.equal(
          model.entries().filter(({ key }) => /downsample|skip/.test(key)),
          [],
        );
      }
    const counts = [44, 110].map((depth) => {
      const [plain, residual] = [none(), undefined].map((skip) =>
        uninitialized(() => resnetV1({ depth, skip, shortcut: skip ? undefined : padChannels() })),
      );
      return [plain, residual].map((model) => model.parameters().reduce((sum, { size }) => sum + size, 0));
    });
    for (const [plain, residual] of counts) assert.is(plain, residual);
  }));

test("families keep to their usual layouts", () =>
  withBackend(createDryBackend(), () => {
    const stagesOf = (model: { stages: readonly { blocks: readonly unknown[] }[] }): string =>
      model.stages.map(({ blocks }) => blocks.length).join();
    assert.is(stagesOf(uninitialized(() => resnetV2({ depth: 50, width: 1 }))), "3,4,6,3");
    assert.is(stagesOf(uninitialized(() => resnetV2({ depth: 50, width: 1, block: "basic" }))), "8,8,8");
    assert.is(stagesOf(uninitialized(() => resnetV1({ depth: 50, width: 1 }))), "8,8,8");
    assert.is(stagesOf(uninitialized(() => resnetV1({ depth: 50, width: 1, layout: imageNetLayout() }))), "3,4,6,3");
  }));

test.run();
