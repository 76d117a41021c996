// Orthonormal filters, their penalty (a term of the loss that all threads have whole) and modulated errors (which make threads meet
// in backward): teams of any size, and the calling thread alone, give the same bits and the same measurements.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes, type Pool, type StepSettings } from "../../ts/node.ts";
import type { JsonObject, RawBatch } from "../../ts/train/index.ts";
import * as program from "./orthonormal-program.ts";

const module = new URL("./orthonormal-program.ts", import.meta.url);
const dataset = shapes({ count: 60, seed: 3 });

interface Variant {
  readonly options?: JsonObject;
  readonly settings?: StepSettings;
  readonly accumulate?: number;
  readonly freeze?: string;
}

interface Outcome {
  readonly digest: string;
  readonly told: readonly string[];
  /** Share of modulated layers by step. */
  readonly modulated: readonly number[];
  readonly losses: readonly number[];
}

async function outcome(workers: number, { options = {}, settings = {}, accumulate = 1, freeze }: Variant): Promise<Outcome> {
  const pool: Pool = workers === 0 ? new LocalPool(program, { options }) : await createTeam({ module, workers, options });
  if (freeze) pool.model.freeze((key) => key.startsWith(freeze));
  const loader = new DataLoader(dataset, { batchSize: 14, shuffle: true, seed: 9, shards: 5 });
  const told: string[] = [];
  const modulated: number[] = [];
  const losses: number[] = [];
  let waiting: RawBatch[] = [];
  for (let epoch = 0; told.length < 5; epoch++)
    for await (const batch of loader.epoch(epoch)) {
      waiting.push(batch);
      if (waiting.length < accumulate || told.length >= 5) continue;
      const { loss, gradNorm, observations } = await pool.step(waiting, settings);
      told.push([loss, gradNorm, JSON.stringify(observations)].join(" "));
      modulated.push(...observations.map((record) => Number(record["modulated"])));
      losses.push(loss);
      waiting = [];
    }
  const found = { digest: digest(pool.model), told, modulated, losses };
  await pool.close();
  return found;
}

const test = suite("workers/orthonormal");

const variants: Record<string, Variant> = {
  plain: {},
  "clipped, recomputed, accumulated, a stage frozen": {
    options: { checkpointBlocks: 1 },
    settings: { clipGrad: 0.5 },
    accumulate: 2,
    freeze: "stages.1",
  },
};

/** Starting threads is what takes the time. */
const counts = (name: string): number[] => (name === "plain" ? [2, 3] : [3]);

for (const [name, variant] of Object.entries(variants))
  test(`0, ${counts(name).join(", ")} workers give the same bits: ${name}`, async () => {
    const alone = await outcome(0, variant);
    for (const workers of counts(name)) assert.equal(await outcome(workers, variant), alone);
    assert.match(alone.digest, /^[0-9a-f]{64}$/);
    // A record a batch; modulated in batches 0 to 2 only.
    const { accumulate = 1 } = variant;
    assert.is(alone.modulated.length, 5 * accumulate);
    assert.ok(alone.modulated.slice(0, 3).some((share) => share > 0));
    assert.ok(alone.modulated.slice(3).every((share) => share === 0));
  });

test("what is switched on shows", async () => {
  const plain = await outcome(0, {});
  const off = await outcome(0, { options: { tau: 1e9 } });
  assert.ok(off.modulated.every((share) => share === 0));
  assert.is.not(off.digest, plain.digest);
  // Reported or not, the weights are the same; the loss is smaller without.
  const silent = await outcome(0, { options: { reported: false } });
  assert.is(silent.digest, plain.digest);
  assert.is(silent.losses[0], plain.losses[0], "nothing is lost of orthonormal filters yet, to rounding");
  silent.losses.slice(1).forEach((loss, step) => assert.ok(loss < plain.losses[step + 1], `step ${step + 1}: ${loss}`));
});

test.run();
