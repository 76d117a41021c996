// Predictors of checkpoints: the bits of an evaluation by training's own code, whatever the kernels, the batches and what was folded before;
// files that are none are refused.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { GivenSettings } from "../../ts/cli/settings/settings.ts";
import { inputOf } from "../../ts/data/picture-input.ts";
import { FormatError } from "../../ts/data/index.ts";
import type * as Serve from "../../ts/serve/index.ts";
import { checkpointForServing, createPredictor } from "../../ts/serve/index.ts";
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint, type JsonObject } from "../../ts/train/index.ts";
import { data, evaluated, inference, pictures, strict, trained } from "./trained.ts";

const test = suite("predictor");

const bundled = (await import(new URL("../../build/serve.js", import.meta.url).href)) as typeof Serve;

const COUNT = 5;
const images = new Float32Array(COUNT * 3072);
pictures(COUNT).forEach((picture, index) => images.set(inputOf(picture, { ...data, ...data.image }), index * 3072));

const models: readonly (readonly [name: string, settings: GivenSettings])[] = [
  ["residual", {}],
  ["orthogonal over features, averaged", { skip: "orthogonal", modelEma: true, modelEmaDecay: 0.5 }],
  ["orthogonal over samples", { skip: "orthogonal", skipOver: "sample", width: 5 }],
  ["plain, wide blocks with biases", { model: "resnetv2_18", skip: "none", width: 4 }],
  ["bottlenecks", { model: "resnetv2_50", width: 4 }],
  ["a transformer", { model: "vit_tiny_patch4", width: 24 }],
];

for (const [name, settings] of models)
  test(`${name}: the bits of evaluation`, async () => {
    const bytes = await trained(settings);
    const wanted = evaluated(decodeCheckpoint(bytes, "it"), images);
    assert.is(new Set(wanted).size > COUNT, true, "probabilities differ");
    for (const kernels of [strict, inference]) {
      const predictor = createPredictor(bytes, { kernels, batchSize: 3 });
      assert.equal(predictor.probabilities(images), wanted, "in batches of 3 and 2");
      assert.equal(predictor.probabilities(images), wanted, "with what was folded before");
      assert.equal(predictor.probabilities(images.slice(0, 3072)), wanted.slice(0, 10), "one alone");
      predictor.dispose();
    }
    assert.equal(bundled.createPredictor(bytes, { kernels: inference }).probabilities(images), wanted, "by build/serve.js");
    const small = checkpointForServing(bytes);
    assert.ok(small.length < bytes.length);
    const predictor = createPredictor(small, { kernels: inference });
    assert.equal(predictor.probabilities(images), wanted, "without the optimizer's state");
    assert.equal(checkpointForServing(small), small);
  });

test("pictures of a canvas: the answers of their colors; white shows through", async () => {
  const predictor = createPredictor(await trained({}), { kernels: inference });
  const [{ width, height, pixels }] = pictures(1);
  const data = Uint8ClampedArray.from({ length: 4 * width * height }, (_, at) => (at % 4 === 3 ? 255 : pixels[3 * (at >> 2) + (at % 4)]));
  assert.equal(predictor.predict([{ width, height, data }]), predictor.predict([{ width, height, pixels }]));
  const clear = data.map((value, at) => (at % 4 === 3 ? 0 : value));
  assert.equal(predictor.predict([{ width, height, data: clear }]), predictor.predict([{ width, height, pixels: pixels.map(() => 255) }]));
  assert.throws(
    () => predictor.predict([{ width, height, data: data.subarray(4) }]),
    /a picture of 32x32 with 4092 values, wanted 4 for each/,
  );
  predictor.dispose();
});

test("predictions: numbers, names, order, counts", async () => {
  const predictor = createPredictor(await trained({}), { kernels: inference, topK: 3 });
  const all = predictor.probabilities(images);
  const found = predictor.predict(pictures(COUNT));
  assert.is(found.length, COUNT);
  found.forEach((predictions, index) => {
    assert.is(predictions.length, 3);
    const own = [...all.subarray(10 * index, 10 * index + 10)];
    assert.equal(
      predictions.map(({ probability }) => probability),
      [...own].sort((a, b) => b - a).slice(0, 3),
    );
    for (const { class: number, name, probability } of predictions) {
      assert.is(name, data.classNames[number]);
      assert.is(probability, own[number]);
    }
  });
  assert.is(predictor.predict(pictures(1), { topK: 100 })[0].length, 10);
  assert.equal(predictor.predict([]), []);
  const large = { width: 64, height: 40, pixels: new Uint8Array(64 * 40 * 3).fill(90) };
  assert.is(predictor.predict([large])[0].length, 3);
  assert.throws(() => predictor.predict([{ ...large, width: 65 }]), /65x40 with 7680 values/);
  assert.throws(() => predictor.predict(pictures(1), { topK: 0 }), /topK 0/);
  assert.throws(() => predictor.probabilities(images.slice(1)), /wanted 3072 for each image/);
});

test("equal probabilities stand in the order of the classes", async () => {
  const { tensors, state } = decodeCheckpoint(await trained({}, 1), "it");
  const still = new Map([...tensors].map(([key, { shape, values }]) => [key, { shape, values: values.slice().fill(0 as never) }]));
  const [predictions] = createPredictor({ tensors: still, state }, { kernels: strict }).predict(pictures(1));
  assert.equal(
    predictions.map(({ class: number }) => number),
    [0, 1, 2, 3, 4],
  );
});

test("a model that diverged gives no predictions", async () => {
  const { tensors, state } = decodeCheckpoint(await trained({}, 1), "it");
  const gone = new Map([...tensors].map(([key, { shape, values }]) => [key, { shape, values: values.slice().fill(NaN as never) }]));
  const predictor = createPredictor({ tensors: gone, state }, { kernels: strict });
  assert.throws(() => predictor.predict(pictures(1)), /not finite/);
});

test("a Node Buffer is left as it is", async () => {
  const bytes = Buffer.from(await trained({}, 1));
  const before = Buffer.from(Uint8Array.from(bytes));
  const odd = Buffer.concat([Buffer.alloc(1), bytes]).subarray(1);
  const wanted = createPredictor(bytes, { kernels: strict }).probabilities(images);
  assert.equal(createPredictor(bytes, { kernels: strict }).probabilities(images), wanted);
  assert.equal(createPredictor(odd, { kernels: strict }).probabilities(images), wanted, "at an odd address");
  assert.ok(bytes.equals(before));
});

test("files that are no checkpoint of a model are refused", async () => {
  const bytes = await trained({}, 1);
  const whole = decodeCheckpoint(bytes, "it");
  const refused = (given: Uint8Array | Checkpoint, pattern: RegExp): void =>
    assert.throws(
      () => createPredictor(given, { kernels: strict, file: "net.bin" }),
      (error: unknown) => error instanceof FormatError && pattern.test(error.message) && error.message.startsWith("net.bin: "),
      String(pattern),
    );
  const flipped = bytes.slice();
  flipped[flipped.length - 5] ^= 1;
  refused(flipped, /the file is damaged/);
  refused(bytes.slice(0, -1), /wanted/);
  refused(new Uint8Array(0), /header length/);
  refused(new TextEncoder().encode("<!doctype html>"), /header/);
  const settings = whole.state["settings"] as JsonObject;
  const changed = (part: "settings" | "data", change: JsonObject): Checkpoint => ({
    ...whole,
    state: { ...whole.state, [part]: { ...(whole.state[part] as JsonObject), ...change } },
  });
  refused({ ...whole, state: {} }, /without settings/);
  refused({ ...whole, state: { ...whole.state, settings: [] } }, /no object/);
  refused({ ...whole, state: { settings } }, /data undefined/);
  refused(changed("settings", { model: "resnetv2_3" }), /settings\.model "resnetv2_3"/);
  refused(changed("settings", { model: "resnetv2_14" }), /no tensor for/);
  refused(changed("settings", { width: 2 ** 20 }), /shape \[8,3,3,3\], wanted \[1048576,3,3,3\]/);
  refused(changed("settings", { width: 0.5 }), /settings\.width 0\.5/);
  refused(changed("settings", { skip: "conv" }), /settings\.skip "conv"/);
  refused(changed("settings", { modelEmaDecay: 0.9 }), /no tensor for/);
  refused(changed("data", { classNames: ["a"] }), /tensor head\.fc\.weight/);
  refused(changed("data", { std: [1, 1, 0] }), /data\.std\.2 0/);
  const others = new Map(whole.tensors);
  others.set("stem.conv.weight", { shape: [8, 3, 3, 3], values: new Float64Array(216) });
  refused(encodeCheckpoint({ ...whole, tensors: others }), /stem\.conv\.weight of other numbers/);
});

test.run();
