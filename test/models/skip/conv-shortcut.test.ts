// A 1x1 convolution and batch norm on the shortcut of every unit, in place of what the model has.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { add, tensor, withBackend, type Tensor } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/reference.ts";
import { convShortcut, projection, resnetV1, type Skip } from "../../../ts/models/index.ts";
import { BatchNorm2d, Conv2d, initialize, type Layer, type Module } from "../../../ts/nn/index.ts";
import { normals } from "../../autograd/normals.ts";
import { inFloat64NoGrad as inFloat64 } from "../../in-float64.ts";

const test = suite("models/skip/conv-shortcut");

function image(seed: number, channels: number, size: number): Tensor {
  return tensor(Float64Array.from({ length: 2 * size * size * channels }, normals(seed)), [2, size, size, channels]);
}

test("norm(conv(x)) + f of the unit's input, whatever the stream", () =>
  inFloat64(() => {
    for (const norm of [true, false]) {
      const skip = convShortcut({ norm }).at({ index: 1, depth: 2, width: 5, inputs: 3, stride: 2 }) as Skip & Module;
      initialize(skip, { seed: 2 });
      const [x, f] = [image(1, 3, 4), image(2, 5, 2)];
      const parts = skip.children().map(([, part]) => part as Layer);
      assert.equal(
        parts.map((part) => part.constructor),
        norm ? [Conv2d, BatchNorm2d] : [Conv2d],
      );
      const wanted = add(
        parts.reduce((value, part) => part.forward(value), x),
        f,
      ).toArray();
      assert.equal(skip.join(image(3, 5, 2), () => f, { training: true, input: x }).toArray(), wanted);
      assert.equal(skip.join(tensor([NaN]), () => f, { training: true, input: x }).toArray(), wanted);
    }
  }));

test("all units of a net have one, and no other shortcut has parameters", () =>
  withBackend(createReferenceBackend(), () => {
    const weights = (block: "basic" | "bottleneck"): string[] =>
      resnetV1({ depth: 20, block, width: 2, skip: convShortcut() })
        .namedParameters()
        .filter(([key]) => /skip\.conv|downsample/.test(key))
        .map(([key, { shape }]) => `${key} ${shape[2]} to ${shape[3]}`);
    const key = (stage: number, block: number): string => `stages.${stage}.blocks.${block}.skip.conv.weight`;
    assert.equal(weights("bottleneck"), [
      `${key(0, 0)} 2 to 8`,
      `${key(0, 1)} 8 to 8`,
      `${key(1, 0)} 8 to 16`,
      `${key(1, 1)} 16 to 16`,
      `${key(2, 0)} 16 to 32`,
      `${key(2, 1)} 32 to 32`,
    ]);
    assert.is(weights("basic").length, 9);
    assert.throws(
      () => resnetV1({ depth: 8, skip: convShortcut(), shortcut: projection() }),
      /resnet: shortcut projection and skip 1x1 conv shortcut, which does not use it; wanted one of the two/,
    );
  }));

test.run();
