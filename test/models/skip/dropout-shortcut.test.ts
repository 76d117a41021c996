// Dropout on the shortcut: what stays of the stream, what evaluation does, and the masks' independence of anything but seed, path, step.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tensor, wholeBatch, type Tensor } from "../../../ts/autograd/index.ts";
import { additive, dropoutShortcut, resnetV1, type DropoutShortcutOptions, type Skip, type SkipKind } from "../../../ts/models/index.ts";
import { initialize, type Module } from "../../../ts/nn/index.ts";
import { normals } from "../../autograd/normals.ts";
import { inFloat64NoGrad as inFloat64 } from "../../in-float64.ts";

const test = suite("models/skip/dropout-shortcut");

const [N, SIZE, C] = [4, 4, 8];

function image(seed: number): Tensor {
  return tensor(Float64Array.from({ length: N * SIZE * SIZE * C }, normals(seed)), [N, SIZE, SIZE, C]);
}

/** y - f, over x. */
function factors(options: DropoutShortcutOptions, { training, step = 0 }: { training: boolean; step?: number }): number[] {
  const skip = dropoutShortcut(options).at({ index: 0, depth: 1, width: C }) as Skip & Module;
  initialize(skip, { seed: 7 }).train(training);
  const [x, f] = [image(1), image(2)];
  x.batch = f.batch = wholeBatch(N, { step });
  const [y, xs, fs] = [skip.join(x, () => f, { training }).toArray(), x.toArray(), f.toArray()];
  // The least power of two above rounding.
  return Array.from(y, (value, at) => Math.round(((value - fs[at]) / xs[at]) * 2 ** 20) / 2 ** 20);
}

test("in training the stream is 0 or divided by 1 - p, in evaluation it is whole", () =>
  inFloat64(() => {
    const seen = factors({ p: 0.75 }, { training: true });
    assert.equal([...new Set(seen)].sort(), [0, 4]);
    const stays = seen.filter((value) => value === 4).length / seen.length;
    assert.ok(stays > 0.18 && stays < 0.32, `${stays} stays`);
    assert.equal([...new Set(factors({ p: 0.75 }, { training: false }))], [1]);
  }));

test("without rescaling it is 0 or whole, and 1 - p in evaluation, with the same mask", () =>
  inFloat64(() => {
    const plain = factors({ p: 0.75, rescale: false }, { training: true });
    assert.equal([...new Set(plain)].sort(), [0, 1]);
    assert.equal(
      plain,
      factors({ p: 0.75 }, { training: true }).map((value) => value / 4),
    );
    assert.equal([...new Set(factors({ p: 0.75, rescale: false }, { training: false }))], [0.25]);
  }));

test("steps and units have masks of their own", () =>
  inFloat64(() => {
    const at = (step: number): number[] => factors({}, { training: true, step });
    assert.equal(at(0), at(0));
    assert.not.equal(at(0), at(1));
    const model = resnetV1({ depth: 14, width: 2, skip: dropoutShortcut() });
    const paths = [...model.namedModules()].map(([path]) => path).filter((path) => path.endsWith("skip.dropout"));
    assert.is(paths.length, 6);
    assert.is(model.namedParameters().filter(([key]) => key.includes("skip")).length, 0);
    model.dispose();
  }));

test("dropout of nothing gives a net's bits of plain addition", () =>
  inFloat64(() => {
    const logits = (skip: SkipKind): number[] => {
      const model = resnetV1({ depth: 8, width: 2, skip, seed: 3 });
      const x = tensor(Float64Array.from({ length: 64 * 3 }, normals(1)), [1, 8, 8, 3]);
      const values = [...model.forward(x).toArray()];
      model.dispose();
      return values;
    };
    assert.equal(logits(dropoutShortcut({ p: 0 })), logits(additive()));
    assert.equal(logits(dropoutShortcut({ p: 0, rescale: false })), logits(additive()));
    assert.not.equal(logits(dropoutShortcut({ p: 0.5 })), logits(additive()));
  }));

test("a probability that is none", () => {
  assert.throws(() => dropoutShortcut({ p: 1 }), /dropoutShortcut: p 1, wanted at least 0 and below 1/);
  assert.throws(() => dropoutShortcut({ p: -0.1 }), /dropoutShortcut: p -0.1/);
  assert.is(dropoutShortcut().label, "dropout 0.5 on the shortcut");
});

test.run();
