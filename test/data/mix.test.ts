// Mixup and cutmix: the formulas by hand, shares and Beta by counts, and that draws depend on place alone.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { betaDraw } from "../../ts/data/beta.ts";
import { arrayDataset } from "../../ts/data/dataset.ts";
import { DataLoader } from "../../ts/data/loader.ts";
import { cutBox, Mixer, type MixOptions, type MixPlace } from "../../ts/data/mix.ts";
import { stream } from "../../ts/random.ts";

const test = suite("mix");
const image = { height: 6, width: 5, channels: 2 };
const values = 60;
const place: MixPlace = { epoch: 3, batch: 1, indices: Uint32Array.of(7, 2, 9, 4, 11) };
const given = Float32Array.from({ length: 5 * values }, (_, i) => ((i * 37) % 101) / 7);
const classes = Float32Array.of(0, 1, 2, 1, 3);

function mixed(options: MixOptions, at = place, seed = 8): { images: Float32Array; labels: Float32Array; targets: Float32Array } {
  const images = given.slice();
  const labels = classes.slice();
  return { images, labels, targets: new Mixer(seed, image, 4, options).mix(at, images, labels) };
}

test("mixup and cutmix are the formulas, targets and labels too, in every mode", () => {
  let cuts = 0;
  let blends = 0;
  for (const each of ["batch", "pair", "sample"] as const)
    for (let epoch = 0; epoch < 20; epoch++) {
      const options: MixOptions = { mixup: 0.8, cutmix: 1, probability: 0.9, each };
      const at = { ...place, epoch };
      const mixtures = new Mixer(8, image, 4, options).mixtures(at);
      const { images, labels, targets } = mixed(options, at);
      assert.is(targets.length, 20);
      for (let i = 0; i < 5; i++) {
        const { own, box } = mixtures[i];
        const j = 4 - i;
        let taken = 0;
        for (let k = 0; k < values; k++) {
          const [y, x] = [Math.floor(k / 10), Math.floor(k / 2) % 5];
          const [a, b] = [given[i * values + k], given[j * values + k]];
          const inside = box !== null && y >= box.top && y < box.top + box.height && x >= box.left && x < box.left + box.width;
          if (inside) taken++;
          const wanted = box === null ? Math.fround(own * a + (1 - own) * b) : inside ? b : a;
          if (i === j && box === null) assert.ok(Math.abs(images[i * values + k] - a) < 1e-6);
          else assert.is(images[i * values + k], wanted);
        }
        if (box !== null) assert.ok(Math.abs(own - (1 - taken / values)) < 1e-12);
        if (box !== null) cuts++;
        else if (own < 1) blends++;
        const row = targets.subarray(4 * i, 4 * i + 4);
        assert.ok(Math.abs(row.reduce((sum, share) => sum + share, 0) - 1) < 1e-6);
        const shares = new Float64Array(4);
        shares[classes[i]] += own;
        shares[classes[j]] += 1 - own;
        for (let k = 0; k < 4; k++) assert.ok(Math.abs(row[k] - shares[k]) < 1e-6);
        assert.is(labels[i], own < 0.5 ? classes[j] : classes[i]);
        if (each !== "sample") assert.equal(mixtures[j], mixtures[i]);
        if (each === "batch") assert.equal(mixtures[i], mixtures[0]);
      }
    }
  assert.ok(cuts > 50 && blends > 50, `${cuts} ${blends}`);
});

test("without a draw nothing changes: probability 0, and from the off epoch on", () => {
  for (const options of [
    { mixup: 1, probability: 0 },
    { mixup: 1, cutmix: 1, offEpoch: 3 },
  ]) {
    const { images, labels, targets } = mixed(options);
    assert.equal(images, given);
    assert.equal(labels, classes);
    for (let i = 0; i < 20; i++) assert.is(targets[i], classes[Math.floor(i / 4)] === i % 4 ? 1 : 0);
  }
  assert.not.equal(mixed({ mixup: 1, offEpoch: 4 }).images, given);
});

test("the box of a cutmix is timm's: sides by sqrt(1 - lambda), halves rounded down, cut at the border", () => {
  const big = { height: 32, width: 32, channels: 3 };
  assert.equal(cutBox(big, 0.75, 16, 16), { top: 8, left: 8, height: 16, width: 16 });
  assert.equal(cutBox(big, 0.75, 0, 31), { top: 0, left: 23, height: 8, width: 9 });
  assert.equal(cutBox(big, 0, 16, 16), { top: 0, left: 0, height: 32, width: 32 });
  assert.is(cutBox(big, 1, 5, 5).height * cutBox(big, 1, 5, 5).width, 0);
});

test("Beta(alpha, alpha): mean 1/2, variance 1 / (4 (2 alpha + 1)), by counts below a quarter", () => {
  // P(X < 1/4) of Beta(1, 1) is 1/4, of Beta(2, 2) 3/16 - 2/64 = 5/32, of Beta(1/2, 1/2) 1/3 (the arcsine law).
  const below: Record<number, number> = { 0.5: 1 / 3, 1: 1 / 4, 2: 5 / 32 };
  for (const alpha of [0.1, 0.2, 0.5, 0.8, 1, 2, 8]) {
    const draws = stream(1, "beta").cursor();
    const count = 20_000;
    let [sum, squares, low] = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      draws.restart(i);
      const x = betaDraw(alpha, draws);
      assert.ok(x >= 0 && x <= 1);
      sum += x;
      squares += (x - 0.5) ** 2;
      if (x < 0.25) low++;
    }
    const variance = 1 / (4 * (2 * alpha + 1));
    assert.ok(Math.abs(sum / count - 0.5) < 5 * Math.sqrt(variance / count), `mean of ${alpha}`);
    assert.ok(Math.abs(squares / count / variance - 1) < 0.06, `variance of ${alpha}`);
    const share = below[alpha];
    if (share) assert.ok(Math.abs(low / count - share) < 5 * Math.sqrt((share * (1 - share)) / count), `below a quarter of ${alpha}`);
  }
  assert.ok(betaDraw(1e-6, stream(1, "tiny").cursor()) <= 1);
});

test("cutmix comes at the switch probability, mixing at its own", () => {
  const mixer = new Mixer(4, image, 4, { mixup: 0.5, cutmix: 1, probability: 0.8, switchProbability: 0.25 });
  let [cut, blended] = [0, 0];
  for (let batch = 0; batch < 4000; batch++) {
    const [{ own, box }] = mixer.mixtures({ ...place, batch });
    if (box !== null) cut++;
    else if (own < 1) blended++;
  }
  assert.ok(Math.abs(cut - 800) < 5 * 25.3, `${cut} cut`);
  assert.ok(Math.abs(blended - 2400) < 5 * 31, `${blended} blended`);
});

test("draws depend on seed, epoch and batch or sample, not on what was made before or who stands beside", () => {
  const options: MixOptions = { mixup: 0.8, cutmix: 1, each: "sample" };
  const mixer = new Mixer(8, image, 4, options);
  const first = mixer.mixtures(place);
  mixer.mixtures({ ...place, epoch: 9 });
  assert.equal(mixer.mixtures(place), first);
  assert.equal(mixer.mixtures({ epoch: 3, batch: 44, indices: Uint32Array.of(4, 7) }), [first[3], first[0]]);
  assert.not.equal(new Mixer(9, image, 4, options).mixtures(place), first);
  const whole = new Mixer(8, image, 4, { mixup: 0.8 });
  assert.not.equal(whole.mixtures(place), whole.mixtures({ ...place, batch: 2 }));
});

test("a loader mixes: the same bits from any place in any order; without mixing there are no targets", async () => {
  const dataset = arrayDataset(Uint8Array.from({ length: 13 * values }, (_, i) => (i * 31) & 255), Array.from({ length: 13 }, (_, i) => i % 4), { classes: 4, image }); // prettier-ignore
  const options = { batchSize: 5, shuffle: true, seed: 3, augment: { flip: 0.5 } };
  const mix: MixOptions = { mixup: 0.8, cutmix: 1 };
  const wanted = [2, 1, 0].map((index) => new DataLoader(dataset, { ...options, mix }).load(4, index)).reverse();
  const found = [];
  for await (const batch of new DataLoader(dataset, { ...options, mix }).batches(4)) found.push(batch);
  assert.equal(found, wanted);
  const plain = new DataLoader(dataset, options).load(4, 1);
  assert.is(plain.targets, undefined);
  assert.not.equal(plain.images, wanted[1].images);
  assert.is(wanted[2].targets?.length, 3 * 4);
});

test("options that have no meaning are refused", () => {
  const refused: readonly [MixOptions, string][] = [
    [{}, "mix: mixup and cutmix are 0, wanted at least one above 0"],
    [{ mixup: -1 }, "mix: mixup is -1, wanted 0 to 1e6"],
    [{ cutmix: NaN }, "mix: cutmix is NaN, wanted 0 to 1e6"],
    [{ mixup: 1, probability: 2 }, "mix: probability is 2, wanted 0 to 1"],
    [{ mixup: 1, offEpoch: 0.5 }, "mix: offEpoch is 0.5, wanted a whole number from 0"],
  ];
  for (const [options, message] of refused)
    assert.throws(
      () => new Mixer(0, image, 4, options),
      (error: Error) => error.message === message,
      message,
    );
});

test.run();
