// What works on whole pictures: random-resized crop, RandAugment and color jitter. Identities, ranges by counts, and that a sample's image
// depends on (seed, epoch, sample) alone. Operations themselves are held to Pillow's in test/golden/pictures.test.ts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { augment, type AugmentOptions } from "../../ts/data/augment.ts";
import type { Canvas } from "../../ts/data/color-ops.ts";
import { arrayDataset, type Dataset } from "../../ts/data/dataset.ts";
import { DataLoader } from "../../ts/data/loader.ts";
import { fitted } from "../../ts/data/picture.ts";
import { fillOf, randAugment, timmIncreasingOps, timmOps, torchvisionOps } from "../../ts/data/rand-augment.ts";
import { bicubic, bilinear, resize } from "../../ts/data/resize.ts";
import { drawWindow } from "../../ts/data/resized-crop.ts";
import { stream } from "../../ts/random.ts";

const test = suite("canvas");
const size = 8 * 8 * 3;

function dataset(count: number, channels = 3): Dataset {
  const images = Uint8Array.from({ length: count * 64 * channels }, (_, i) => (i * 89 + (i >> 3) * 7) % 256);
  const image = { height: 8, width: 8, channels };
  return arrayDataset(images, new Uint8Array(count), { classes: 1, image });
}

function run(d: Dataset, options: AugmentOptions, index = 0, epoch = 0): Float32Array {
  const out = new Float32Array(d.image.height * d.image.width * d.image.channels);
  augment(d, options)(index, epoch, out, 0);
  return out;
}

test("what changes nothing gives the bits of no augmentation", () => {
  const d = dataset(2);
  const same: AugmentOptions[] = [
    { resizedCrop: { scale: [1, 1], ratio: [1, 1] } },
    { resizedCrop: { scale: [1, 1], ratio: [1, 1], filter: bicubic } },
    { randAugment: { count: 3, magnitude: 9, probability: 0 } },
    { randAugment: { count: 2, magnitude: 0, table: { label: "none", levels: 1, ops: [{ name: "identity", apply: () => {} }] } } },
    { jitter: {} },
    { jitter: { brightness: 0, hue: 0 } },
  ];
  for (const options of same) for (const epoch of [0, 1]) assert.equal(run(d, options, 1, epoch), run(d, {}, 1, epoch));
});

test("crop and mirror are those of runs without operations", () => {
  const d = dataset(3);
  const still = { count: 1, magnitude: 0, probability: 0 };
  for (const crop of [{ padding: 2 }, { padding: 3, mode: "reflect" as const }])
    for (let epoch = 0; epoch < 12; epoch++)
      assert.equal(run(d, { crop, flip: 0.5, randAugment: still }, 2, epoch), run(d, { crop, flip: 0.5 }, 2, epoch));
  // A mirrored whole window is the mirrored image.
  assert.equal(run(d, { resizedCrop: { scale: [1, 1], ratio: [1, 1] }, flip: 1 }), run(d, { flip: 1 }));
});

test("a window is cut and scaled, without what lies around it", () => {
  const d = dataset(1);
  const crop = { scale: [0.2, 0.6], ratio: [0.5, 2] } as const;
  for (let epoch = 0; epoch < 10; epoch++) {
    const window = drawWindow({ height: 8, width: 8 }, crop, stream(5, "augment/resized-crop").cursor(0, epoch));
    const { height, width } = window;
    const alone = new Uint8Array(height * width * 3);
    for (let y = 0; y < height; y++) {
      const from = 3 * ((window.top + y) * 8 + window.left);
      alone.set(d.images.subarray(from, from + 3 * width), 3 * y * width);
    }
    const scaled = resize(alone, { height, width, channels: 3 }, { height: 8, width: 8 }, bilinear);
    const wanted = scaled.map((v) => Math.fround(Math.floor(v + 0.5) / 255));
    assert.equal(run(d, { seed: 5, resizedCrop: crop }, 0, epoch), wanted);
  }
});

test("windows: areas and aspects within their ranges, evenly; every place; the fallback keeps the aspect allowed", () => {
  const shape = { height: 100, width: 120 };
  const draws = stream(2, "windows").cursor();
  const quarters = [0, 0, 0, 0];
  let wider = 0;
  for (let i = 0; i < 4000; i++) {
    draws.restart(i);
    const { top, left, height, width } = drawWindow(shape, { scale: [0.1, 0.5] }, draws);
    assert.ok(top >= 0 && left >= 0 && top + height <= 100 && left + width <= 120);
    const area = (height * width) / 12_000;
    assert.ok(area > 0.095 && area < 0.51, `area ${area}`);
    assert.ok(width / height > 0.73 && width / height < 1.37);
    quarters[Math.max(0, Math.min(3, Math.floor((area - 0.1) * 10)))]++;
    if (width > height) wider++;
  }
  for (const count of quarters) assert.ok(Math.abs(count - 1000) < 5 * 27 + 40, quarters.join());
  assert.ok(Math.abs(wider - 2000) < 5 * 32 + 60, `${wider} wider than high`);
  const tall = drawWindow({ height: 100, width: 10 }, { scale: [1, 1], ratio: [1, 2] }, draws);
  assert.equal(tall, { top: 45, left: 0, height: 10, width: 10 });
  const wide = drawWindow({ height: 10, width: 100 }, { scale: [1, 1], ratio: [0.5, 2] }, draws);
  assert.equal(wide, { top: 0, left: 40, height: 10, width: 20 });
});

test("a picture of any size is what a window is taken from, and its middle what evaluation sees", () => {
  const pixels = Uint8Array.from({ length: 3 * 20 * 30 }, (_, i) => (i * 7) % 256);
  const picture = { width: 30, height: 20, pixels };
  const d: Dataset = { ...dataset(1), picture: () => picture };
  const whole = resize(pixels, { ...picture, channels: 3 }, { height: 8, width: 8 }).map((v) => Math.fround(Math.floor(v + 0.5) / 255));
  assert.equal(run(d, { resizedCrop: { scale: [1, 1], ratio: [1.5, 1.5] } }), whole);
  assert.is(fitted({ width: 8, height: 8, pixels: pixels.subarray(0, size) }, { height: 8, width: 8, share: 1 }).length, size);
  // 20 to 10 rows of which 8 are seen: the middle of the scaled picture.
  const middle = fitted(picture, { height: 8, width: 8, share: 0.8 });
  const scaled = resize(pixels, { ...picture, channels: 3 }, { height: 10, width: 15 });
  for (let y = 0; y < 8; y++)
    for (let i = 0; i < 24; i++) assert.is(middle[24 * y + i], Math.floor(scaled[45 * (y + 1) + 3 * 3 + i] + 0.5));
});

test("RandAugment: every operation as often as any other, with its probability, sign and level", () => {
  for (const table of [timmOps, timmIncreasingOps, torchvisionOps]) {
    const seen = new Map<string, { count: number; up: number; level: number }>();
    const ops = table.ops.map(({ name }) => ({
      name,
      apply: (_canvas: Canvas, level: number, sign: number) => {
        const known = seen.get(name) ?? { count: 0, up: 0, level };
        assert.is(level, known.level);
        seen.set(name, { count: known.count + 1, up: known.up + (sign > 0 ? 1 : 0), level });
      },
    }));
    const canvas = { height: 1, width: 1, channels: 1, pixels: new Uint8Array(1), spare: new Uint8Array(1), fill: [0] };
    const draws = stream(3, "table").cursor();
    for (let i = 0; i < 6000; i++) {
      draws.restart(i);
      randAugment(canvas, { count: 2, magnitude: table.levels / 2, table: { ...table, ops }, probability: 0.5 }, draws);
    }
    const expected = 6000 / table.ops.length;
    assert.is(seen.size, table.ops.length);
    for (const [name, { count, up, level }] of seen) {
      assert.is(level, 0.5);
      assert.ok(Math.abs(count - expected) < 5 * Math.sqrt(expected), `${name}: ${count} for ${expected}`);
      assert.ok(Math.abs(up - count / 2) < 5 * Math.sqrt(count / 4), `${name}: ${up} of ${count}`);
    }
  }
});

test("levels of timm's and torchvision's tables", () => {
  const changed = (table: typeof timmOps, name: string, level: number, sign: number): number[] => {
    const pixels = Uint8Array.of(10, 100, 130, 250);
    const op = table.ops.find((each) => each.name === name);
    op?.apply({ height: 2, width: 2, channels: 1, pixels, spare: new Uint8Array(4), fill: [77] }, level, sign);
    return [...pixels];
  };
  assert.equal(changed(timmOps, "posterize", 0.5, 1), [0, 64, 128, 192]); // 2 bits
  assert.equal(changed(timmIncreasingOps, "posterize", 0.9, 1), [0, 0, 128, 128]); // 4 - 3 = 1 bit
  assert.equal(changed(torchvisionOps, "posterize", 0.5, 1), [8, 100, 128, 248]); // 6 bits: 10 is 8
  assert.equal(changed(timmOps, "solarize", 0.5, 1), [10, 100, 125, 5]); // from 128 on
  assert.equal(changed(timmIncreasingOps, "solarize", 0.25, 1), [10, 100, 130, 5]); // from 192 on
  assert.equal(changed(timmOps, "solarizeAdd", 1, 1), [120, 210, 130, 250]);
  assert.equal(changed(timmOps, "brightness", 0.5, 1), [10, 100, 130, 250]); // 1.8 / 2 + 0.1 = 1
  assert.equal(changed(timmIncreasingOps, "brightness", 1, -1), [1, 10, 13, 25]);
  assert.equal(changed(torchvisionOps, "brightness", 1, 1), [19, 190, 247, 255]);
  assert.equal(changed(torchvisionOps, "translateX", 1, 1), [10, 100, 130, 250]); // 0.9 of a pixel is none
  assert.equal(changed(timmOps, "translateX", 1, 1), [90, 77, 238, 77]); // a tenth and nine tenths, truncated
  assert.equal(fillOf({ count: 1, magnitude: 1 }, [0.485, 0.456, 0.406]), [124, 116, 104]);
  assert.equal(fillOf({ count: 1, magnitude: 1, table: torchvisionOps }, [0.5]), [0]);
});

test("jitter of brightness alone is a factor within its range", () => {
  const d = arrayDataset(new Uint8Array(size).fill(100), [0], { classes: 1, image: { height: 8, width: 8, channels: 3 } });
  let [least, most] = [255, 0];
  for (let epoch = 0; epoch < 500; epoch++) {
    const out = run(d, { jitter: { brightness: 0.4 } }, 0, epoch);
    assert.ok(out.every((v) => v === out[0]));
    least = Math.min(least, 255 * out[0]);
    most = Math.max(most, 255 * out[0]);
  }
  assert.ok(least >= 59 && least < 63 && most <= 140 && most > 136, `${least} to ${most}`);
});

test("a sample's image depends on seed, epoch and sample alone, in any loader and order", () => {
  const d = dataset(20);
  const options: AugmentOptions = {
    resizedCrop: {},
    flip: 0.5,
    randAugment: { count: 2, magnitude: 9, spread: 0.5 },
    jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
    erase: { probability: 0.25, fill: "color" },
  };
  const write = augment(d, { ...options, seed: 4 });
  const out = new Float32Array(size);
  for (let index = 19; index > 5; index--) write(index, 7, out, 0);
  write(6, 2, out, 0);
  assert.equal(out, run(d, { ...options, seed: 4 }, 6, 2));
  assert.not.equal(out, run(d, { ...options, seed: 5 }, 6, 2));
  assert.not.equal(out, run(d, { ...options, seed: 4 }, 6, 3));
  const batches = [4, 7].map((batchSize) => new DataLoader(d, { batchSize, shuffle: true, seed: 4, augment: options }));
  const seen = batches.map((loader) => {
    const all = new Map<number, string>();
    for (let index = loader.batchesPerEpoch - 1; index >= 0; index--) {
      const { images, indices } = loader.load(2, index);
      indices.forEach((sample, at) => all.set(sample, images.subarray(at * size, (at + 1) * size).join()));
    }
    return Array.from({ length: 20 }, (_, sample) => all.get(sample));
  });
  assert.equal(seen[0], seen[1]);
  assert.is(seen[0][6], out.join());
});

test("erasing with a color: one value a channel", () => {
  const d = arrayDataset(new Uint8Array(32 * 32 * 3).fill(7), [0], { classes: 1, image: { height: 32, width: 32, channels: 3 } });
  const out = run(d, { erase: { probability: 1, fill: "color" } });
  const plain = run(d, {});
  for (let c = 0; c < 3; c++) {
    const found = new Set([...out.keys()].filter((i) => i % 3 === c && out[i] !== plain[i]).map((i) => out[i]));
    assert.is(found.size, 1);
  }
});

test("options that have no meaning are refused", () => {
  const d = dataset(1);
  const floats = arrayDataset(new Float32Array(12), [0], { classes: 1, image: { height: 2, width: 2, channels: 3 } });
  const refused: readonly [AugmentOptions, string, Dataset?][] = [
    [{ crop: { padding: 1 }, resizedCrop: {} }, "augment: crop and resizedCrop, wanted one of the two"],
    [{ resizedCrop: { scale: [0, 1] } }, "augment: resizedCrop scale is 0 to 1, wanted a range above 0 and up to 1"],
    [{ resizedCrop: { ratio: [2, 1] } }, "augment: resizedCrop ratio is 2 to 1, wanted a range above 0"],
    [{ randAugment: { count: 0, magnitude: 9 } }, "augment: randAugment count is 0, wanted a whole number from 1 to 100"],
    [{ randAugment: { count: 2, magnitude: 11 } }, "augment: randAugment magnitude is 11, wanted 0 to 10, the levels of timm"],
    [{ randAugment: { count: 2, magnitude: 9, fill: [1] } }, "augment: randAugment fill has 1 values, wanted 3 (one a channel)"],
    [{ jitter: { hue: 0.6 } }, "augment: jitter hue is 0.6, wanted 0 to 0.5"],
    [{ jitter: { contrast: -1 } }, "augment: jitter contrast is -1, wanted a number from 0"],
    [{ jitter: { hue: 0.1 } }, "augment: images of 2 channels, randAugment and jitter want 1 or 3", dataset(1, 2)],
    [{ jitter: { hue: 0.1 } }, "augment: images of real numbers, randAugment and jitter want bytes", floats],
  ];
  for (const [options, message, set = d] of refused)
    assert.throws(
      () => augment(set, options),
      (error: Error) => error.message === message,
      message,
    );
});

test.run();
