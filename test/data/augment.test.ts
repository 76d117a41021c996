// Augmentation against a slow definition, its shares and ranges, and that it depends on (seed, epoch, sample) alone.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { augment, type AugmentOptions } from "../../ts/data/augment.ts";
import { arrayDataset, type Dataset, type ImageArray } from "../../ts/data/dataset.ts";
import { stream } from "../../ts/random.ts";

const test = suite("augment");

function dataset(count: number, height: number, width: number, channels: number, floats = false): Dataset {
  const length = count * height * width * channels;
  const source = Uint8Array.from({ length }, (_, i) => 1 + ((i * 89) % 255)); // no 0: padding stands out
  const images: ImageArray = floats ? Float32Array.from(source, (v) => v / 16 - 3) : source;
  return arrayDataset(images, new Uint8Array(count), {
    classes: 1,
    image: { height, width, channels },
    mean: Array.from({ length: channels }, (_, c) => 0.4 + 0.05 * c),
    std: Array.from({ length: channels }, (_, c) => 0.2 + 0.03 * c),
  });
}

function run(d: Dataset, options: AugmentOptions, index: number, epoch: number): Float32Array {
  const size = d.image.height * d.image.width * d.image.channels;
  const out = new Float32Array(size + 2).fill(-77);
  augment(d, options)(index, epoch, out, 1);
  assert.equal([out[0], out[size + 1]], [-77, -77]);
  return out.subarray(1, size + 1);
}

/** Normalizes, pads, crops and mirrors in so many words. */
function slow(d: Dataset, options: AugmentOptions, index: number, epoch: number): Float32Array {
  const { height, width, channels } = d.image;
  const { crop, flip = 0, seed = 0 } = options;
  const padding = crop?.padding ?? 0;
  const draws = stream(seed, "augment");
  const dy = Math.floor(draws.uniform(0, index, epoch) * (2 * padding + 1)) - padding;
  const dx = Math.floor(draws.uniform(1, index, epoch) * (2 * padding + 1)) - padding;
  const mirror = draws.uniform(2, index, epoch) < flip;
  const { image } = d.get(index);
  const padded = (y: number, x: number, c: number): number => {
    if (crop?.mode === "reflect") {
      y = y < 0 ? -y : y >= height ? 2 * height - 2 - y : y;
      x = x < 0 ? -x : x >= width ? 2 * width - 2 - x : x;
    }
    const inside = y >= 0 && y < height && x >= 0 && x < width;
    const value = inside ? image[(y * width + x) * channels + c] : 0;
    return ((image instanceof Uint8Array ? value / 255 : value) - d.mean[c]) / d.std[c];
  };
  const out = new Float32Array(image.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const column = mirror ? width - 1 - x : x;
      for (let c = 0; c < channels; c++) out[(y * width + x) * channels + c] = padded(y + dy, column + dx, c);
    }
  }
  return out;
}

test("normalize, crop and flip are exactly the slow definition", () => {
  let changed = 0;
  for (const channels of [1, 2, 3, 4]) {
    for (const floats of [false, true]) {
      const d = dataset(4, 7, 5, channels, floats);
      for (const options of [
        {},
        { flip: 0.5 },
        { crop: { padding: 2 }, seed: 9 },
        { crop: { padding: 4, mode: "reflect" }, flip: 0.5 },
        { crop: { padding: 9, mode: "zero" }, flip: 1 },
      ] satisfies AugmentOptions[]) {
        for (let index = 0; index < 4; index++) {
          for (let epoch = 0; epoch < 6; epoch++) {
            const got = run(d, options, index, epoch);
            assert.equal(got, slow(d, options, index, epoch));
            if (got.some((v, i) => v !== run(d, {}, index, epoch)[i])) changed++;
          }
        }
      }
    }
  }
  assert.ok(changed > 500);
});

test("own constants of normalization take the place of the dataset's", () => {
  const d = dataset(1, 2, 2, 3);
  const out = run(d, { mean: [0, 0.5, 1], std: [1, 2, 4] }, 0, 0);
  const { image } = d.get(0);
  for (let i = 0; i < 12; i++) assert.is(out[i], Math.fround((image[i] / 255 - [0, 0.5, 1][i % 3]) / [1, 2, 4][i % 3]));
});

test("every shift is as likely as any other, mirrors come at their share", () => {
  const d = dataset(1, 9, 9, 1);
  const plain = run(d, {}, 0, 0);
  const write = augment(d, { crop: { padding: 2, mode: "reflect" }, flip: 0.25 });
  const out = new Float32Array(81);
  const seen = new Map<string, number>();
  let mirrors = 0;
  for (let epoch = 0; epoch < 10_000; epoch++) {
    write(0, epoch, out, 0);
    const at = plain.indexOf(out[40]); // the values of a 9x9 image all differ
    const mirror = plain.indexOf(out[41]) < at;
    if (mirror) mirrors++;
    const key = `${Math.floor(at / 9)},${at % 9}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  assert.is(seen.size, 25);
  for (const [key, count] of seen) assert.ok(Math.abs(count - 400) < 5 * 20, `${key}: ${count}`);
  assert.ok(Math.abs(mirrors - 2500) < 5 * 44, `${mirrors}`);
});

test("erasing: share of images, area, aspect, place and fill", () => {
  const d = dataset(1, 32, 32, 3);
  const plain = run(d, {}, 0, 0);
  for (const fill of ["zero", "noise"] as const) {
    const options: AugmentOptions = { erase: { probability: 0.4, scale: [0.05, 0.3], ratio: [0.5, 2], fill } };
    const write = augment(d, options);
    const out = new Float32Array(3072);
    let erased = 0;
    const touched = new Float64Array(1024);
    let values = 0;
    let squares = 0;
    for (let epoch = 0; epoch < 2000; epoch++) {
      write(0, epoch, out, 0);
      let [top, left, bottom, right, count] = [32, 32, -1, -1, 0];
      for (let p = 0; p < 1024; p++) {
        const same = [0, 1, 2].filter((c) => out[3 * p + c] === plain[3 * p + c]).length;
        if (same === 3) continue;
        assert.is(same, 0);
        count++;
        touched[p]++;
        top = Math.min(top, p >> 5);
        bottom = Math.max(bottom, p >> 5);
        left = Math.min(left, p & 31);
        right = Math.max(right, p & 31);
        for (let c = 0; c < 3; c++) {
          if (fill === "zero") assert.is(out[3 * p + c], 0);
          values++;
          squares += out[3 * p + c] ** 2;
        }
      }
      if (count === 0) continue;
      erased++;
      const [tall, wide] = [bottom - top + 1, right - left + 1];
      assert.is(count, tall * wide);
      assert.ok(count > 0.04 * 1024 && count < 0.33 * 1024, `area ${count}`);
      assert.ok(tall / wide > 0.42 && tall / wide < 2.4, `aspect ${tall / wide}`);
    }
    assert.ok(Math.abs(erased - 800) < 5 * 22, `${erased} erased`);
    assert.ok(touched.filter((n) => n > 0).length > 1010);
    assert.ok([0, 31].some((p) => touched[p] > 0) && [992, 1023].some((p) => touched[p] > 0));
    if (fill === "noise") assert.ok(Math.abs(squares / values - 1) < 0.02);
  }
});

test("the result depends on seed, epoch and sample, not on what was made before", () => {
  const d = dataset(50, 8, 8, 3);
  const options: AugmentOptions = { crop: { padding: 2 }, flip: 0.5, erase: { probability: 0.5, fill: "noise" }, seed: 5 };
  const write = augment(d, options);
  const late = new Float32Array(192);
  for (let i = 0; i < 50; i++) write(i, 3, late, 0);
  write(17, 2, late, 0);
  assert.equal(late, Float32Array.from(run(d, options, 17, 2)));
  const variants = [run(d, options, 17, 3), run(d, { ...options, seed: 6 }, 17, 2)];
  for (const other of variants) assert.not.equal(Float32Array.from(other), late);
  // The same pixels at another index are augmented in another way.
  const twins = arrayDataset(new Uint8Array(2 * 192).fill(9), [0, 0], { classes: 1, image: d.image });
  const erasing: AugmentOptions = { erase: { probability: 1, fill: "noise" } };
  assert.not.equal(Float32Array.from(run(twins, erasing, 0, 0)), Float32Array.from(run(twins, erasing, 1, 0)));
});

test("options that have no meaning are refused", () => {
  const d = dataset(1, 4, 6, 1);
  const refused: readonly [AugmentOptions, string][] = [
    [{ flip: 1.5 }, "augment: flip is 1.5, wanted 0 to 1"],
    [{ crop: { padding: -1 } }, "augment: crop padding is -1, wanted a whole number from 0 to 1024"],
    [{ crop: { padding: 4, mode: "reflect" } }, "augment: crop padding is 4, wanted a whole number from 0 to 3"],
    [{ erase: { probability: NaN } }, "augment: erase probability is NaN, wanted 0 to 1"],
    [{ erase: { probability: 1, scale: [0.5, 0.1] } }, "augment: erase scale is 0.5 to 0.1, wanted a range above 0 and up to 1"],
    [{ erase: { probability: 1, ratio: [0, 1] } }, "augment: erase ratio is 0 to 1, wanted a range above 0"],
    [{ mean: [0, 0, 0] }, "augment: mean has 3 and std 1 values, wanted 1 (one a channel)"],
  ];
  for (const [options, message] of refused)
    assert.throws(
      () => augment(d, options),
      (error: Error) => error.message === message,
      message,
    );
});

test.run();
