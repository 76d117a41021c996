// Flags of pictures, crops, colors and mixing: what they are resolved to, what a loader gets, what is refused.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { augmentOptions, eraseFill, mixOptions, parseAa } from "../../../ts/cli/settings/augment-settings.ts";
import { parseSettings, recipeOf, resolveSettings, type GivenSettings } from "../../../ts/cli/settings/settings.ts";
import { bicubic, timmIncreasingOps, timmOps } from "../../../ts/data/index.ts";

const test = suite("augment settings");

test("without flags nothing is set, and settings of before are read as such", () => {
  const settings = resolveSettings({ dataset: "cifar10" });
  assert.equal(augmentOptions(settings), {});
  assert.is(mixOptions(settings), null);
  const names = ["scale", "ratio", "aa", "colorJitter", "remode", "mixup", "cutmix", "mixupProb", "imgSize", "cropPct"];
  for (const name of names) assert.is(name in recipeOf(settings), false, name);
  const before = Object.fromEntries(Object.entries(settings).filter(([name]) => !(name in NEW)));
  assert.equal(parseSettings(before, "f"), settings);
});

const NEW = { imgSize: 0, cropPct: 0, scale: 0, ratio: 0, trainInterpolation: 0, aa: 0, colorJitter: 0, remode: 0, mixup: 0, cutmix: 0, mixupProb: 0, mixupSwitchProb: 0, mixupMode: 0, mixupOffEpoch: 0 }; // prettier-ignore

test("flags reach the loader", () => {
  const settings = resolveSettings({
    dataset: "cifar10",
    scale: [0.5, 1],
    trainInterpolation: "bicubic",
    aa: "rand-m9-n3-mstd0.5-inc1",
    colorJitter: [0.4],
    reprob: 0.25,
    remode: "rand",
    mixup: 0.8,
    cutmix: 1,
    mixupMode: "elem",
  });
  assert.is(settings.cropPadding, 0);
  const { resizedCrop, randAugment, jitter } = augmentOptions(settings);
  assert.equal([resizedCrop?.scale, resizedCrop?.ratio, resizedCrop?.filter], [[0.5, 1], [3 / 4, 4 / 3], bicubic]); // prettier-ignore
  assert.equal([randAugment?.count, randAugment?.magnitude, randAugment?.spread], [3, 9, 0.5]);
  assert.is(randAugment?.table, timmIncreasingOps);
  assert.equal(jitter, { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0 });
  assert.is(eraseFill(settings), "color");
  assert.is(eraseFill(resolveSettings({ reprob: 0.1 })), "noise");
  const mix = { mixup: 0.8, cutmix: 1, probability: 1, switchProbability: 0.5, each: "sample", offEpoch: 0 };
  assert.equal(mixOptions(settings), mix);
  assert.equal(parseSettings(JSON.parse(JSON.stringify(settings)), "f"), settings);
});

test("pictures have their usual sizes and crops", () => {
  const tiny = resolveSettings({ dataset: "tiny-imagenet" });
  assert.equal([tiny.imgSize, tiny.cropPct, tiny.scale, tiny.cropPadding], [64, 1, [0.08, 1], 0]);
  const folder = resolveSettings({ dataset: "image-folder", aug: false });
  assert.equal([folder.imgSize, folder.cropPct, folder.scale, folder.hflip], [224, 0.875, null, 0]);
  assert.equal(resolveSettings({ dataset: "tiny-imagenet", cropPadding: 4 }).scale, null);
});

test("RandAugment as timm writes it", () => {
  assert.is(parseAa("rand-m9-n2")?.table, timmOps);
  assert.equal([parseAa("rand")?.magnitude, parseAa("rand")?.count, parseAa("rand-m5-n9-p1")?.probability], [10, 2, 1]);
  for (const text of ["", "augmix-m3", "rand-m11", "rand-n0", "rand-n1.5", "rand-x3", "rand-m9-m9", "rand-inc2", "rand-p2", "rand-m"])
    assert.is(parseAa(text), null, text);
});

test("flags that contradict each other or change nothing are refused", () => {
  const refused: readonly [GivenSettings, string][] = [
    [{ scale: [0.5, 1], cropPadding: 4 }, "--scale: with --crop-padding, wanted one or the other"],
    [{ scale: [1, 0.5] }, "--scale: 1 0.5, wanted two numbers above 0 and up to 1, the smaller first"],
    [{ ratio: [1] }, "--ratio: 1, wanted two numbers above 0, the smaller first"],
    [{ aa: "rand-m99" }, "--aa: rand-m99, wanted rand-m9-n2: m 0 to 10, n 1 to 100; more: -p0.5 -mstd0.5 -inc1"],
    [{ colorJitter: [0.4, 0.4] }, "--color-jitter: 0.4 0.4, wanted one number, or brightness, contrast, saturation and hue up to 0.5"],
    [{ remode: "rand" }, "--remode: it changes nothing here, wanted with --reprob"],
    [{ mixupProb: 0.5 }, "--mixup-prob: it changes nothing here, wanted with --mixup or --cutmix"],
    [{ mixup: 1, mixupSwitchProb: 0.5 }, "--mixup-switch-prob: it changes nothing here, wanted with --mixup and --cutmix"],
    [{ imgSize: 64 }, "--img-size: it changes nothing here, wanted with --dataset image-folder or tiny-imagenet"],
    [{ aug: false, mixup: 1 }, "--no-aug: with --mixup, wanted one or the other"],
  ];
  for (const [given, message] of refused)
    assert.throws(
      () => resolveSettings(given),
      (error: Error) => error.message === message,
      message,
    );
});

test.run();
