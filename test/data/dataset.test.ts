// In-memory datasets: what they refuse, views and copies.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { augment } from "../../ts/data/augment.ts";
import { arrayDataset, collectDataset, drawnDataset, slice, split, subset, take, type DatasetInfo } from "../../ts/data/dataset.ts";
import { saying } from "../saying.ts";

const dataset = suite("dataset");
const info: DatasetInfo = { name: "tiny", classes: 3, image: { height: 2, width: 1, channels: 2 } };
const images = Uint8Array.from({ length: 20 }, (_, i) => i);
const labels = [0, 1, 2, 1, 0];

dataset("holds what it was given", () => {
  const d = arrayDataset(images, labels, info);
  assert.is(d.length, 5);
  assert.is(d.images, images);
  assert.equal(d.classNames, ["0", "1", "2"]);
  assert.equal(
    [d.mean, d.std],
    [
      [0, 0],
      [1, 1],
    ],
  );
  assert.equal([...d.get(3).image], [12, 13, 14, 15]);
  assert.is(d.get(3).label, 1);
  assert.is(arrayDataset(images, Uint8Array.from(labels), info).get(2).label, 2);
});

dataset("images are drawn once each, when they are asked for", () => {
  const drawn: number[] = [];
  const d = drawnDataset(
    Uint8Array.from(labels),
    (index, out, at) => {
      drawn.push(index);
      out.set(images.subarray(4 * index, 4 * index + 4), at);
    },
    info,
  );
  assert.equal([d.length, d.labels[2], ...drawn], [5, 2]);
  assert.equal([...d.get(3).image], [12, 13, 14, 15]);
  assert.throws(() => d.get(5), /index 5, wanted 0 to 4/);
  const one = new Float32Array(4);
  const write = augment(d);
  for (const index of [1, 3, 1]) write(index, 0, one, 0);
  assert.equal(
    [...one],
    [4, 5, 6, 7].map((value) => Math.fround(value / 255)),
  );
  assert.equal(drawn, [3, 0, 1]);
  assert.equal(d.images, images);
  assert.equal([...d.images.subarray(16)], [...d.get(4).image]);
  assert.equal(drawn, [3, 0, 1, 2, 4]);
});

dataset("refuses what does not fit together, with both numbers", () => {
  const refused: readonly [() => unknown, string][] = [
    [() => arrayDataset(images, [0, 1], info), "arrayDataset: images hold 20 values, wanted 8 (2 labels, 2x1x2 each)"],
    [() => arrayDataset(images, [0, 1, 3, 0, 0], info), "arrayDataset: label 3 at index 2, wanted 0 to 2"],
    [() => arrayDataset(images, [0, 1, 0, -1, 0], info), "arrayDataset: label -1 at index 3, wanted 0 to 2"],
    [() => arrayDataset(images, [0, 1, 0, 0.5, 0], info), "arrayDataset: label 0.5 at index 3, wanted 0 to 2"],
    [() => arrayDataset(images, labels, { ...info, classNames: ["a"] }), "arrayDataset: 1 class names, wanted 3"],
    [() => arrayDataset(images, labels, { ...info, mean: [0] }), "arrayDataset: mean has 1 and std 2 values, wanted 2 (one a channel)"],
    [() => arrayDataset(images, labels, { ...info, std: [1, 0] }), "arrayDataset: std 0, wanted a positive number"],
    [() => arrayDataset(images, labels, { ...info, mean: [NaN, 0] }), "arrayDataset: mean NaN, wanted a finite number"],
    [() => arrayDataset(images, labels, { ...info, classes: 0 }), "arrayDataset: classes is 0, wanted a whole number from 1"],
    [() => arrayDataset(images, labels, info).get(5), "tiny: index 5, wanted 0 to 4"],
    [() => slice(arrayDataset(images, labels, info), 2, 6), "slice: samples 2 to 6, wanted whole numbers within 0 to 5"],
  ];
  for (const [action, message] of refused) assert.throws(action, (error: Error) => error.message === message, message);
});

dataset("slices are views, subsets are copies", () => {
  const d = arrayDataset(images, Uint8Array.from(labels), info);
  const [first, rest] = split(d, 2);
  assert.equal([first.length, rest.length], [2, 3]);
  assert.is(rest.images.buffer, images.buffer);
  assert.equal([...rest.get(0).image], [...d.get(2).image]);
  assert.is(rest.get(1).label, 1);
  assert.is(take(d, 100).length, 5);
  assert.is(slice(d, 5, 5).length, 0);
  const chosen = subset(d, [4, 1, 1]);
  assert.equal([...chosen.images], [16, 17, 18, 19, 4, 5, 6, 7, 4, 5, 6, 7]);
  assert.equal([...chosen.labels], [0, 1, 1]);
  assert.equal([chosen.name, chosen.classes], ["tiny", 3]);
});

dataset("collects from any source, bytes or floats, each sample once", () => {
  const asked: number[] = [];
  const source = {
    length: 3,
    get(index: number) {
      asked.push(index);
      return { image: Float32Array.of(index, 0.5, 0, -1), label: index };
    },
  };
  const d = collectDataset(source, info);
  assert.equal(asked, [0, 1, 2]);
  assert.instance(d.images, Float32Array);
  assert.equal([...d.get(2).image], [2, 0.5, 0, -1]);
  assert.instance(collectDataset(arrayDataset(images, labels, info), info).images, Uint8Array);
  const short = { length: 1, get: () => ({ image: new Uint8Array(3), label: 0 }) };
  assert.throws(() => collectDataset(short, info), saying("collectDataset: image 0 has 3 values, wanted 4"));
  const mixed = { length: 2, get: (i: number) => ({ image: i === 0 ? new Uint8Array(4) : new Float32Array(4), label: 0 }) };
  assert.throws(() => collectDataset(mixed, info), /image 1 is a Float32Array/);
});

dataset.run();
