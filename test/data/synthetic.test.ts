// The built-in image set: a function of (seed, split, index), balanced, and out of a linear classifier's reach.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { stream } from "../../ts/random.ts";
import { FIGURES } from "../../ts/data/figures.ts";
import { SHAPES_CLASSES, SHAPES_MEAN, SHAPES_STD, shapes } from "../../ts/data/synthetic.ts";
import type { Dataset } from "../../ts/data/dataset.ts";
import { saying } from "../saying.ts";

const synthetic = suite("synthetic");

synthetic("an image depends on seed, split and index, not on the count", () => {
  const few = shapes({ count: 5, seed: 3 });
  const many = shapes({ count: 40, seed: 3 });
  assert.equal(many.images.slice(0, 5 * 3072), few.images);
  assert.equal([...many.labels.slice(0, 5)], [...few.labels]);
  for (const other of [shapes({ count: 5, seed: 4 }), shapes({ count: 5, seed: 3, split: "test" })]) {
    let same = 0;
    for (let i = 0; i < few.images.length; i++) if (few.images[i] === other.images[i]) same++;
    assert.ok(same < 0.05 * few.images.length, `${same} equal bytes`);
  }
});

synthetic("the bytes are those of every other engine", () => {
  const d = shapes({ count: 200, seed: 1 });
  let hash = 0x811c9dc5;
  for (const byte of [...d.images, ...d.labels]) hash = Math.imul(hash ^ byte, 0x01000193);
  assert.is(hash >>> 0, 2602506118);
});

synthetic("each run of ten images has every class once", () => {
  const d = shapes({ count: 1000 });
  for (let i = 0; i < 1000; i += 10) assert.is(new Set(d.labels.slice(i, i + 10)).size, 10);
  assert.is(new Set(Array.from({ length: 100 }, (_, run) => d.labels[10 * run])).size, 10);
  assert.equal([d.classes, d.classNames, d.image], [10, SHAPES_CLASSES, { height: 32, width: 32, channels: 3 }]);
  assert.is(new Set(SHAPES_CLASSES).size, 10);
});

synthetic("the constants of normalization are its own", () => {
  const { images } = shapes({ count: 4000, split: "constants" });
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = c; i < images.length; i += 3) {
      sum += images[i] / 255;
      squares += (images[i] / 255) ** 2;
    }
    const mean = sum / (images.length / 3);
    assert.ok(Math.abs(mean - SHAPES_MEAN[c]) < 0.01, `mean ${mean}`);
    assert.ok(Math.abs(Math.sqrt(squares / (images.length / 3) - mean * mean) - SHAPES_STD[c]) < 0.01);
  }
});

synthetic("figures cover a part of the image and no more", () => {
  for (const [name, figure] of FIGURES) {
    let inside = 0;
    for (let v = -1.6; v < 1.6; v += 0.02) for (let u = -1.6; u < 1.6; u += 0.02) if (figure(u, v) < 0) inside++;
    const share = inside / 160 ** 2;
    assert.ok(share > 0.08 && share < 0.55, `${name} covers ${share}`);
  }
});

/** Test accuracy of multinomial logistic regression on normalized pixels, by stochastic gradient descent. */
function linearAccuracy(train: Dataset, test: Dataset, epochs: number, rate: number): number {
  const size = 3072;
  const pixels = (d: Dataset): Float32Array => Float32Array.from(d.images, (v) => (v / 255 - SHAPES_MEAN[0]) / SHAPES_STD[0]);
  const weights = Array.from({ length: 10 }, () => new Float32Array(size));
  const bias = new Float32Array(10);
  const logits = new Float64Array(10);
  const score = (x: Float32Array, at: number): void => {
    for (let k = 0; k < 10; k++) {
      const w = weights[k];
      let sum = bias[k];
      for (let i = 0; i < size; i++) sum += w[i] * x[at + i];
      logits[k] = sum;
    }
  };
  const x = pixels(train);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const i of stream(1, "linear").permutation(train.length, epoch)) {
      score(x, i * size);
      const largest = Math.max(...logits);
      const total = logits.reduce((sum, l) => sum + Math.exp(l - largest), 0);
      for (let k = 0; k < 10; k++) {
        const step = rate * ((train.labels[i] === k ? 1 : 0) - Math.exp(logits[k] - largest) / total);
        const w = weights[k];
        for (let j = 0; j < size; j++) w[j] += step * x[i * size + j];
        bias[k] += step;
      }
    }
  }
  const y = pixels(test);
  let right = 0;
  for (let i = 0; i < test.length; i++) {
    score(y, i * size);
    if (logits.indexOf(Math.max(...logits)) === test.labels[i]) right++;
  }
  return right / test.length;
}

synthetic("a linear classifier learns something and stays under 60 %", () => {
  const train = shapes({ count: 4000 });
  const test = shapes({ count: 2000, split: "test" });
  const accuracy = linearAccuracy(train, test, 4, 1e-4);
  assert.ok(accuracy > 0.12 && accuracy < 0.6, `accuracy ${accuracy}`);
});

synthetic("arguments that have no meaning are refused", () => {
  assert.throws(() => shapes({ count: 0 }), saying("shapes: count is 0, wanted a whole number from 1"));
  assert.throws(() => shapes({ count: 1, seed: -1 }), /seed is -1/);
});

synthetic.run();
