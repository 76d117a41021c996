// Teams of any size, and the calling thread alone, give the same bits, in every way of training.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes, type Pool, type StepSettings } from "../../ts/node.ts";
import type { JsonObject, RawBatch } from "../../ts/train/index.ts";
import * as program from "./program.ts";

const module = new URL("./program.ts", import.meta.url);
const dataset = shapes({ count: 120, seed: 3 });

interface Variant {
  readonly options?: JsonObject;
  readonly settings?: StepSettings;
  readonly emaDecay?: number;
  readonly bnGroup?: number;
  readonly shards?: number;
  readonly accumulate?: number;
  readonly freeze?: string;
  readonly steps?: number;
}

const variants: Record<string, Variant> = {
  plain: {},
  "clipped, averaged": { settings: { clipGrad: 0.5 }, emaDecay: 0.9 },
  accumulated: { accumulate: 2, settings: { gradNorm: true } },
  "group norm of batches": { bnGroup: 4, shards: 5 },
  "adamw, dropout": { options: { optimizer: "adamw", dropout: true }, shards: 7 },
  "adamw, frozen for two steps": { options: { optimizer: "adamw" }, freeze: "stages.1" },
  "a last batch smaller than its shards": { shards: 24, steps: 6 },
};

async function open(workers: number, { options = {}, emaDecay }: Variant): Promise<Pool> {
  const shared = { options, ...(emaDecay !== undefined && { emaDecay }) };
  return workers === 0 ? new LocalPool(program, shared) : createTeam({ module, workers, ...shared });
}

async function outcome(pool: Pool, variant: Variant): Promise<string> {
  const { bnGroup = 0, shards, accumulate = 1, settings = {}, freeze, steps = 4 } = variant;
  const loader = new DataLoader(dataset, { batchSize: 26, shuffle: true, seed: 9, bnGroup, ...(shards && { shards }) });
  if (freeze) pool.model.freeze((key) => key.startsWith(freeze));
  const told: string[] = [];
  let waiting: RawBatch[] = [];
  for (let epoch = 0; told.length < steps; epoch++)
    for await (const batch of loader.epoch(epoch)) {
      waiting.push(batch);
      if (waiting.length < accumulate || told.length >= steps) continue;
      const { loss, correct, gradNorm, observations } = await pool.step(waiting, settings);
      told.push([loss, correct, gradNorm, JSON.stringify(observations)].join(" "));
      waiting = [];
      if (freeze && told.length === 2) pool.model.freeze(undefined, false);
    }
  const { losses, predictions } = await pool.evaluate(await firstOf(loader), { ema: pool.ema !== null });
  const average = pool.ema ? pool.ema.swapped(() => digest(pool.model)) : "";
  return [digest(pool.model), average, ...told, losses.join(), predictions.join()].join("\n");
}

async function firstOf(loader: DataLoader): Promise<RawBatch> {
  for await (const batch of loader.epoch(0)) return batch;
  throw new Error("no batch");
}

/** Starting threads is what takes the time. */
const counts = (name: string): number[] => (name === "plain" ? [0, 1, 2, 3, 4] : [0, 2, 3]);

const test = suite("same bits");

for (const [name, variant] of Object.entries(variants))
  test(`${counts(name).join(", ")} workers give the same bits: ${name}`, async () => {
    const found: string[] = [];
    for (const workers of counts(name)) {
      const pool = await open(workers, variant);
      found.push(await outcome(pool, variant));
      await pool.close();
    }
    for (const other of found.slice(1)) assert.is(other, found[0]);
    assert.match(found[0], /^[0-9a-f]{64}\n/);
  });

test("different settings give different bits", async () => {
  const pool = await open(0, {});
  const one = await outcome(pool, {});
  const other = await outcome(await open(0, {}), { shards: 3 });
  assert.is.not(one, other);
});

test.run();
