// Batches: every sample once an epoch, any place to begin, the same bits made ahead or on demand.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { augment } from "../../ts/data/augment.ts";
import { arrayDataset } from "../../ts/data/dataset.ts";
import { DataLoader, type Batch, type LoaderOptions } from "../../ts/data/loader.ts";
import { stream } from "../../ts/random.ts";
import { defaultShards } from "../../ts/shards.ts";
import { saying } from "../saying.ts";

const loader = suite("loader");
const image = { height: 4, width: 3, channels: 3 };
const count = 23;
const dataset = arrayDataset(
  Uint8Array.from({ length: count * 36 }, (_, i) => (i * 31) & 255),
  Uint8Array.from({ length: count }, (_, i) => i % 7),
  { name: "tiny", classes: 7, image, mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] },
);
const options: LoaderOptions = { batchSize: 5, shuffle: true, seed: 3, augment: { crop: { padding: 1 }, flip: 0.5 } };

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

loader("an epoch has every sample once, in the keyed order, with its label and image", async () => {
  const l = new DataLoader(dataset, options);
  const batches = await collect(l.batches(2));
  assert.equal(
    batches.map((b) => b.size),
    [5, 5, 5, 5, 3],
  );
  assert.equal(
    batches.flatMap((b) => [...b.indices]),
    [...stream(3, "order").permutation(count, 2)],
  );
  const write = augment(dataset, { ...options.augment, seed: 3 });
  const one = new Float32Array(36);
  for (const [i, b] of batches.entries()) {
    assert.equal(b.shape, [b.size, 4, 3, 3]);
    assert.equal([b.epoch, b.index, b.step, b.shards], [2, i, 10 + i, 1]);
    assert.equal([b.images.length, b.labels.length], [b.size * 36, b.size]);
    b.indices.forEach((index, n) => {
      write(index, 2, one, 0);
      assert.equal(b.images.slice(n * 36, (n + 1) * 36), one);
      assert.is(b.labels[n], index % 7);
    });
  }
});

loader("for await runs epoch after epoch; leaving early or failing does not disturb the next", async () => {
  const l = new DataLoader(dataset, options);
  assert.equal(await collect(l), await collect(l.batches(0)));
  for await (const batch of l) {
    assert.is(batch.epoch, 1);
    if (batch.index === 1) break;
  }
  assert.equal(await collect(l), await collect(l.batches(2)));
  l.resume(7, 3);
  assert.equal(
    (await collect(l)).map((b) => [b.epoch, b.index]),
    [
      [7, 3],
      [7, 4],
    ],
  );
  assert.is((await collect(l))[0].epoch, 8);
});

loader("batches made ahead, on demand and one by one have the same bits", async () => {
  const l = new DataLoader(dataset, options);
  const wanted = Array.from({ length: 5 }, (_, i) => l.load(4, i));
  assert.equal(await collect(new DataLoader(dataset, options).batches(4)), wanted);
  assert.equal(await collect(new DataLoader(dataset, { ...options, prefetch: false }).batches(4)), wanted);
  assert.equal(await collect(l.batches(4, 3)), wanted.slice(3));
  assert.equal(await collect(l.batches(4, 5)), []);
  const slow: Batch[] = [];
  for await (const batch of l.batches(4)) {
    const kept = batch.images.slice();
    await new Promise((resolve) => setTimeout(resolve, 2)); // the next batch is made meanwhile
    assert.equal(batch.images, kept);
    slow.push(batch);
  }
  assert.equal(slow, wanted);
});

loader("the next batch is made while the consumer awaits", async () => {
  let reads = 0;
  const counted = {
    ...dataset,
    get labels() {
      reads++;
      return dataset.labels;
    },
  };
  for (const [prefetch, extra] of [
    [true, 5],
    [false, 0],
  ] as const) {
    const iterator = new DataLoader(counted, { ...options, prefetch }).batches(0);
    await iterator.next();
    const before = reads;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.is(reads - before, extra);
    await iterator.return();
  }
});

loader("the event loop gets a turn between batches", async () => {
  let turns = 0;
  let running = true;
  const tick = (): void => {
    turns++;
    if (running) setImmediate(tick);
  };
  setImmediate(tick);
  const l = new DataLoader(dataset, { batchSize: 1, prefetch: false });
  for await (const batch of l) assert.ok(turns >= batch.index);
  running = false;
  assert.ok(turns >= count - 1);
});

loader("shuffle, dropLast and seed", async () => {
  const plain = new DataLoader(dataset, { batchSize: 5 });
  assert.equal(
    [...plain.order(9)],
    Array.from({ length: count }, (_, i) => i),
  );
  const dropped = new DataLoader(dataset, { ...options, dropLast: true });
  assert.is(dropped.batchesPerEpoch, 4);
  assert.equal(
    (await collect(dropped)).map((b) => b.size),
    [5, 5, 5, 5],
  );
  const l = new DataLoader(dataset, options);
  assert.not.equal([...l.order(0)], [...l.order(1)]);
  assert.not.equal([...l.order(0)], [...new DataLoader(dataset, { ...options, seed: 4 }).order(0)]);
  assert.is(l.load(1, 4).step, 9);
});

loader("writes into given memory", () => {
  const l = new DataLoader(dataset, options);
  const memory = new SharedArrayBuffer(4 * (5 * 36 + 5) + 16);
  const images = new Float32Array(memory, 16, 180);
  const labels = new Float32Array(memory, 16 + 720, 5);
  l.write(1, l.indices(1, 2), images, labels);
  const batch = l.load(1, 2);
  assert.equal([...images], [...batch.images]);
  assert.equal([...labels], [...batch.labels]);
  assert.throws(() => l.write(1, l.indices(1, 2), images.subarray(1), labels), /room for 179 values and 5 labels, wanted 180 and 5/);
});

loader("shards are a constant of the run", () => {
  assert.is(new DataLoader(dataset, { batchSize: 16 }).shards, defaultShards(16));
  assert.is(new DataLoader(dataset, { batchSize: 16 }).load(0, 1).shards, 4);
  assert.is(new DataLoader(dataset, { batchSize: 16, shards: 6 }).load(0, 0).shards, 6);
});

loader("options that have no meaning are refused", () => {
  const refused: readonly [LoaderOptions, string][] = [
    [{ batchSize: 0 }, "DataLoader: batchSize is 0, wanted a whole number from 1"],
    [{ batchSize: 4, shards: 5 }, "DataLoader: 5 shards of a batch of 4, wanted at most one a sample"],
    [{ batchSize: 24, dropLast: true }, "DataLoader: 23 samples give no batch of 24, wanted at least 24"],
    [{ batchSize: 4, seed: -1 }, "stream: seed is -1, wanted a whole number from 0 to 2^53 - 1"],
  ];
  for (const [bad, message] of refused)
    assert.throws(
      () => new DataLoader(dataset, bad),
      (error: Error) => error.message === message,
      message,
    );
  const l = new DataLoader(dataset, options);
  assert.throws(() => l.load(0, 5), saying("DataLoader: batch 5 of an epoch, wanted 0 to 4"));
  assert.throws(() => l.load(-1, 0), saying("DataLoader: epoch is -1, wanted a whole number from 0"));
});

loader.run();
