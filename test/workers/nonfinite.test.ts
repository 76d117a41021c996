// A step that comes to NaN or infinity: any number of workers says the same of it, and nothing of it is left.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, LocalPool, NonFiniteError, shapes, type Pool, type StepSettings } from "../../ts/node.ts";
import { stateVariables } from "../../ts/train/digest-chain.ts";
import type { JsonObject, NonFinite, RawBatch } from "../../ts/train/index.ts";
import { valuesOf } from "../../ts/train/memory-bytes.ts";
import { newHasher } from "../../ts/sha256.ts";
import * as program from "./nonfinite-program.ts";
import type { Plant } from "./nonfinite-program.ts";

const module = new URL("./nonfinite-program.ts", import.meta.url);
const SHARDS = 4;
const KEY = "stages.1.blocks.0.conv2.weight";
const BAD = "stages.0.blocks.0.norm2.bias";

const found: RawBatch[] = [];
for await (const batch of new DataLoader(shapes({ count: 24, seed: 3 }), { batchSize: 8, shards: SHARDS }).epoch(0)) found.push(batch);
const [first, second, third] = found;

/** A copy with one value of one sample replaced. */
function spoilt(batch: RawBatch, sample: number, value: number, step = batch.step): RawBatch {
  const images = Float32Array.from(batch.images);
  images[sample * (images.length / batch.size) + 100] = value;
  return { ...batch, images, step };
}

/** What is added to gradients, by the number of the batch. */
const plants: Readonly<Record<number, Plant>> = {
  100: { key: KEY, shards: [2], value: Infinity },
  101: { key: KEY, shards: [0, 3], value: NaN },
  // Each shard's is a float32, their sum is not.
  102: { key: KEY, shards: [0, 2, 3], value: 2e38 },
  // Its square is none.
  103: { key: KEY, shards: [1], value: 1e25 },
};

interface Case {
  readonly batches: readonly RawBatch[];
  readonly settings?: StepSettings;
  readonly found: Partial<NonFinite>;
  readonly says: RegExp;
}

const cases: Readonly<Record<string, Case>> = {
  "NaN in a sample": {
    batches: [spoilt(second, 5, NaN)],
    found: { step: 2, what: "loss", value: NaN, op: "conv2d", first: NaN, layer: "stem.conv", shards: [2], samples: [5] },
    says: /^train: loss NaN in step 2, first as NaN in the result of conv2d \(layer stem\.conv, shard 2\); sample 5 of the step is not finite, wanted finite numbers; weights and all else are still those of step 1; look at the data/,
  },
  "infinity in the second of two batches": {
    batches: [first, spoilt(second, 7, Infinity)],
    found: { step: 2, what: "loss", value: NaN, op: "conv2d", layer: "stem.conv", shards: [3], samples: [15] },
    says: /loss NaN in step 2, .* sample 15 of the step/,
  },
  "an overflow in the backward pass of one shard": {
    batches: [{ ...second, step: 100 }],
    found: { step: 2, what: "gradient", name: KEY, value: Infinity, layer: "stages.1.blocks.0.conv2", shards: [2] },
    says: /^train: gradient of stages\.1\.blocks\.0\.conv2\.weight with Infinity in step 2, in the backward pass \(layer stages\.1\.blocks\.0\.conv2, shard 2\), wanted finite numbers; .*; try a smaller learning rate than 0\.01, a warm-up or clipGrad/,
  },
  "NaN in the gradient of two shards, in one of two batches, clipped": {
    batches: [{ ...second, step: 101 }, first],
    settings: { clipGrad: 1 },
    found: { what: "gradient", name: KEY, value: NaN, layer: "stages.1.blocks.0.conv2", shards: [0, 3] },
    says: /\(layer stages\.1\.blocks\.0\.conv2, shards 0, 3\)/,
  },
  "gradients that overflow when they are added up": {
    batches: [{ ...second, step: 102 }],
    settings: { gradNorm: true },
    found: { what: "gradient", name: KEY, value: Infinity, shards: [] },
    says: /in the sum over shards, each of them finite/,
  },
  "a norm that overflows": {
    batches: [{ ...second, step: 103 }],
    settings: { clipGrad: 1 },
    found: { what: "norm", value: Infinity },
    says: /^train: norm of the gradient Infinity in step 2, wanted finite numbers/,
  },
  "new values that overflow": {
    batches: [second],
    settings: { lr: 1e39 },
    found: { what: "value", name: "stem.conv.weight", layer: "stem.conv", learningRate: 1e39 },
    says: /^train: new value of stem\.conv\.weight with -?Infinity in step 2, wanted finite numbers; .*; try a smaller learning rate than 1e\+39/,
  },
};

/** All that a step changes. */
function stateOf(pool: Pool): string {
  const hash = newHasher();
  for (const [, { backend, buffer, size }] of stateVariables(pool)) {
    const { buffer: memory, byteOffset, byteLength } = valuesOf(backend, buffer, 0, size);
    hash.update(new Uint8Array(memory, byteOffset, byteLength));
  }
  const { steps, lr, slots } = pool.optimizer;
  return [hash.hex(), steps, lr, ...slots.map((slot) => slot.steps)].join(" ");
}

async function open(workers: number): Promise<Pool> {
  const options = { plants } as unknown as JsonObject;
  return workers === 0 ? new LocalPool(program, { options, emaDecay: 0.9 }) : createTeam({ module, workers, options, emaDecay: 0.9 });
}

async function refusal(pool: Pool, { batches, settings }: Case): Promise<NonFiniteError> {
  try {
    await pool.step(batches, settings);
  } catch (error) {
    if (error instanceof NonFiniteError) return error;
    throw error;
  }
  throw new Error("a step that is not finite was made");
}

/** What a pool says of all cases, with a sound step before and one after; nothing changes in between. */
async function outcome(workers: number): Promise<readonly string[]> {
  const pool = await open(workers);
  const told: string[] = [];
  try {
    await pool.step(first);
    const before = stateOf(pool);
    for (const [name, each] of Object.entries(cases)) {
      const error = await refusal(pool, each);
      assert.is(stateOf(pool), before, `${name}, stopped`);
      for (const [key, value] of Object.entries(each.found)) assert.equal(error.found[key as keyof NonFinite], value, `${name}: ${key}`);
      assert.match(error.message, each.says, name);
      const { loss, correct, size, ...rest } = await pool.step(each.batches, { ...each.settings, onNonFinite: "skip" });
      assert.is(stateOf(pool), before, `${name}, passed over`);
      assert.equal(rest, { observations: [], skipped: true, nonFinite: error.found }, name);
      told.push(
        error.message,
        JSON.stringify(error.found, (_key, value: unknown) => (typeof value === "number" ? String(value) : value)),
      );
      told.push(`${loss} ${correct} ${size}`);
    }
    const variable = stateVariables(pool).find(([name]) => name === BAD)![1];
    const values = variable.toArray();
    variable.backend.write(variable.buffer, [Infinity]);
    told.push((await refusal(pool, { batches: [second], found: {}, says: /./ })).message);
    variable.backend.write(variable.buffer, values);
    assert.is(stateOf(pool), before);
    const { loss, observations } = await pool.step(third);
    told.push(`${loss} ${JSON.stringify(observations)}`, stateOf(pool));
    return told;
  } finally {
    await pool.close();
  }
}

const test = suite("workers/nonfinite");

test("0, 1, 2 and 3 workers say the same of a step that is not finite, keep what was, and go on to the bits of a run without it", async () => {
  const alone = await outcome(0);
  assert.is(
    alone.at(-3),
    `train: loss NaN in step 2, first as Infinity in the result of batchNorm (layer stages.0.blocks.0.norm2, shards 0 to 3); ${BAD} was not ` +
      "finite before the step, wanted finite numbers; nothing was changed; begin from other values",
  );
  const pool = await open(0);
  await pool.step(first);
  const { loss, observations } = await pool.step(third);
  assert.ok(observations.length > 0);
  assert.equal(alone.slice(-2), [`${loss} ${JSON.stringify(observations)}`, stateOf(pool)]);
  await pool.close();
  for (const workers of [1, 2, 3]) assert.equal(await outcome(workers), alone, `${workers} workers`);
});

test.run();
