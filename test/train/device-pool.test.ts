// DevicePool over a backend that answers later: the CPU's, without its readSync. The same kernels, so the bits of a LocalPool with one shard.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  createSharedMemory,
  createWasmBackend,
  DataLoader,
  DevicePool,
  digest,
  LocalPool,
  loadKernels,
  NonFiniteError,
  resnetV2,
  shapes,
  Trainer,
  type Backend,
  type Pool,
  type Program,
  type RawBatch,
  type RunEvent,
} from "../../ts/node.ts";
import { saying } from "../saying.ts";

function later(): Backend {
  const { readSync: _now, values: _inPlace, ...backend } = createWasmBackend(loadKernels(), createSharedMemory(4096));
  return { ...backend, name: "later" };
}

const program: Program = { createModel: () => resnetV2({ depth: 8, width: 4, seed: 5 }) };
const set = shapes({ count: 24, seed: 3 });
const loader = new DataLoader(set, { batchSize: 8, shuffle: true, seed: 4 });
const batches: RawBatch[] = [];
for await (const batch of loader.epoch(0)) batches.push({ ...batch, shards: 1 });

async function train(pool: Pool, settings: Parameters<Pool["step"]>[1] = {}): Promise<number[]> {
  const losses: number[] = [];
  for (const batch of batches) losses.push((await pool.step(batch, settings)).loss);
  return losses;
}

const test = suite("train/device-pool");

test("gives the bits of one shard on the calling thread, averages among them", async () => {
  const local = new LocalPool(program, { emaDecay: 0.9 });
  const device = new DevicePool(program, later(), { emaDecay: 0.9 });
  assert.equal(await train(device), await train(local));
  const before = digest(device.model);
  await device.settle();
  assert.is.not(digest(device.model), before, "settle() brings what the steps made");
  assert.is(digest(device.model), digest(local.model));
  assert.equal(device.ema!.stateDict(), local.ema!.stateDict());
  assert.is(device.optimizer.steps, 3);
  const [own, other] = await Promise.all([device, local].map((pool) => pool.evaluate(batches[0], { ema: true })));
  assert.equal(own, other);
  await Promise.all([device.close(), local.close()]);
});

test("clips on the device: the same norm and nearly the same weights", async () => {
  const [local, device] = [new LocalPool(program), new DevicePool(program, later())];
  const [own] = [await device.step(batches[0], { clipGrad: 0.1 })];
  const other = await local.step(batches[0], { clipGrad: 0.1 });
  assert.ok(other.gradNorm! > 0.1);
  assert.ok(Math.abs(own.gradNorm! - other.gradNorm!) < 1e-5 * other.gradNorm!, `${own.gradNorm}, wanted ${other.gradNorm}`);
  await device.settle();
  const [left, right] = [device, local].map(({ model }) => Object.values(model.stateDict()).flatMap(({ values }) => [...values]));
  left.forEach((value, index) => assert.ok(Math.abs(value - right[index]) < 1e-6, `${index}: ${value}, wanted ${right[index]}`));
  assert.equal(own.correct, other.correct);
});

test("a loss scaled by a power of two gives the same bits, the same norm and the same clipping", async () => {
  const pools = [1, 1024].map((lossScale) => new DevicePool(program, later(), { lossScale }));
  const [plain, scaled] = await Promise.all(
    pools.map(async (pool) => {
      const steps = [await pool.step(batches[0], { gradNorm: true }), await pool.step(batches[1], { clipGrad: 0.1 })];
      await pool.settle();
      const found = digest(pool.model);
      await pool.close();
      return { steps, digest: found };
    }),
  );
  assert.equal(scaled, plain);
  assert.ok(plain.steps[1].gradNorm! > 0.1);
  assert.throws(() => new DevicePool(program, later(), { lossScale: 0 }), saying("DevicePool: lossScale 0, wanted a number above 0"));
});

test("an error of the device after steps that were not read asks for a checkpoint; after one that were, nothing is lost", async () => {
  for (const readEvery of [1, 4]) {
    const backend = later();
    let isOut = false;
    const allocate = (length: number): ReturnType<Backend["allocate"]> => {
      if (isOut) throw Object.assign(new Error("no memory"), { name: "DeviceError" });
      return backend.allocate(length);
    };
    const device = new DevicePool(program, { ...backend, allocate }, { readEvery });
    for (const batch of batches) await device.step(batch);
    isOut = true;
    const failed = await device.step(batches[2]).then(
      () => "",
      (error: Error) => error.message,
    );
    assert.is(failed, "no memory");
    isOut = false;
    if (readEvery > 1) {
      const said = await device.settle().then(
        () => "",
        (error: Error) => error.message,
      );
      assert.is(said, "DevicePool: an error of the device after 2 steps that were not read, wanted a checkpoint and adopt()");
      device.adopt();
    }
    await device.settle();
    await device.step(batches[2]);
    assert.is(device.optimizer.steps, 4);
    await device.close();
  }
});

test("adds up the gradients of several batches", async () => {
  const [local, device] = [new LocalPool(program), new DevicePool(program, later())];
  const [own, other] = [await device.step(batches), await local.step(batches)];
  assert.ok(Math.abs(own.loss - other.loss) < 1e-6);
  assert.is(own.correct, other.correct);
  await device.settle();
  assert.is(digest(device.model), digest(local.model));
});

test("reads the loss of the first step and of every n-th", async () => {
  const wanted = await train(new LocalPool(program));
  const device = new DevicePool(program, later(), { readEvery: 3 });
  const losses = await train(device);
  assert.is(losses[0], wanted[0]);
  assert.is(losses[1], wanted[0], "not read, and repeated");
  assert.is(losses[2], wanted[2]);
  assert.throws(() => new DevicePool(program, later(), { readEvery: 0 }), saying("readEvery 0"));
});

test("a rehearsal leaves no trace", async () => {
  const wanted = new DevicePool(program, later(), { readEvery: 2, emaDecay: 0.9 });
  const losses = await train(wanted);
  await wanted.settle();
  const device = new DevicePool(program, later(), { readEvery: 2, emaDecay: 0.9 });
  await device.rehearse(batches[1]);
  assert.is(device.optimizer.steps, 0);
  assert.equal(await train(device), losses);
  await device.rehearse(batches[0]);
  await device.settle();
  assert.is(device.optimizer.steps, wanted.optimizer.steps);
  assert.equal(device.optimizer.slots.map(({ steps }) => steps), wanted.optimizer.slots.map(({ steps }) => steps)); // prettier-ignore
  assert.is(digest(device.model), digest(wanted.model));
});

test("a step that is not finite changes nothing", async () => {
  const device = new DevicePool(program, later());
  await train(device);
  await device.settle();
  const before = digest(device.model);
  const bad = { ...batches[0], images: batches[0].images.map((value, index) => (index === 7 ? NaN : value)) };
  const skipped = await device.step(bad, { onNonFinite: "skip" });
  assert.is(skipped.skipped, true);
  assert.is(skipped.nonFinite!.what, "loss");
  try {
    await device.step(bad);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, NonFiniteError);
    assert.match((error as Error).message, "loss NaN in step 4, wanted finite numbers");
  }
  await device.settle();
  assert.is(digest(device.model), before);
  assert.is(device.optimizer.steps, 3);
});

test("a trainer saves, and resumes to the same bits, on either side", async () => {
  const run = async (pool: Pool, from: Trainer | null, epochs: number): Promise<[Trainer, string]> => {
    const trainer = new Trainer({ pool, train: loader, classes: 10, epochs });
    if (from) trainer.resume(from.checkpoint());
    let last: RunEvent | null = null;
    for await (const event of trainer.fit()) last = event;
    return [trainer, last?.type === "run-end" ? last.digest : ""];
  };
  const [, whole] = await run(new DevicePool(program, later()), null, 2);
  const [half] = await run(new DevicePool(program, later()), null, 1);
  const [, resumed] = await run(new DevicePool(program, later()), half, 2);
  assert.match(whole, /^[0-9a-f]{64}$/);
  assert.is(resumed, whole);
});

test("leaves no buffer behind, and refuses digests", async () => {
  const backend = later();
  const device = new DevicePool(program, backend);
  await train(device);
  const { buffers } = backend.memoryUse();
  await train(device);
  assert.is(backend.memoryUse().buffers, buffers);
  const digests = { record: () => undefined };
  assert.throws(() => new Trainer({ pool: device, train: loader, classes: 10, epochs: 1, digests }), saying("wanted a pool on the CPU"));
  await device.close();
  assert.is(backend.memoryUse().buffers, 0);
});

test.run();
