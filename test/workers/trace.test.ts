// The trace of a step is the same for every number of threads, says where two runs part, and changes no bit.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes, type Pool, type StepTrace } from "../../ts/node.ts";
import type { JsonObject, RawBatch, TraceRequest } from "../../ts/train/index.ts";
import * as program from "./program.ts";

const module = new URL("./program.ts", import.meta.url);
const dataset = shapes({ count: 40, seed: 3 });
const SHARDS = 5;

async function open(workers: number, options: JsonObject): Promise<Pool> {
  return workers === 0 ? new LocalPool(program, { options }) : createTeam({ module, workers, options });
}

async function batches(): Promise<RawBatch[]> {
  const found: RawBatch[] = [];
  for await (const batch of new DataLoader(dataset, { batchSize: 13, shards: SHARDS }).epoch(0)) found.push(batch);
  return found;
}

/** Two updates, the second of two batches; the trace of each, and the digest in the end. */
async function outcome(workers: number, options: JsonObject, trace?: TraceRequest): Promise<{ traces: StepTrace[]; bits: string }> {
  const pool = await open(workers, options);
  try {
    const [first, second, third] = await batches();
    const settings = { clipGrad: 0.5, ...(trace && { trace }) };
    const results = [await pool.step(first, settings), await pool.step([second, third], settings)];
    const bits = [digest(pool.model), ...results.map(({ loss, correct, gradNorm }) => `${loss} ${correct} ${gradNorm}`)].join("\n");
    return { traces: results.flatMap((result) => result.trace ?? []), bits };
  } finally {
    await pool.close();
  }
}

const test = suite("trace");

test("any number of workers gives one trace by shard, and the bits of steps without one", async () => {
  const plain = await outcome(0, { dropout: true });
  assert.equal(plain.traces, []);
  const alone = await outcome(0, { dropout: true }, { level: "shard" });
  assert.is(alone.bits, plain.bits);
  const [one, two] = alone.traces;
  assert.is(two.forward.length, 2 * one.forward.length);
  assert.equal(
    one.forward.slice(0, 3).map(({ op, layer }) => `${op} ${layer}`),
    ["dropout after the input", "conv2d stem.conv", "batchNorm stages.0.blocks.0.norm1"],
  );
  const shapesOf = ({ parts }: StepTrace["gradients"][number]): number[] =>
    parts.map((part) => (typeof part === "string" ? 1 : part.length));
  assert.equal(shapesOf(one.gradients[0]), [SHARDS]);
  assert.equal(shapesOf(two.gradients[0]), [SHARDS, SHARDS]);
  assert.ok(one.gradients.every(({ sum }) => /^[0-9a-f]{16}$/.test(sum ?? "")));
  for (const workers of [1, 2, 5]) {
    const more: JsonObject = workers === 2 ? { checkpointBlocks: 1 } : {};
    const team = await outcome(workers, { dropout: true, ...more }, { level: "shard" });
    assert.is(team.bits, plain.bits, `${workers}`);
    assert.equal(team.traces, alone.traces, `${workers}`);
  }
});

test("by layer there are sums alone, the same", async () => {
  const shard = await outcome(0, {}, { level: "shard" });
  for (const workers of [0, 3]) {
    const { traces, bits } = await outcome(workers, {}, { level: "layer" });
    assert.is(bits, shard.bits);
    traces.forEach(({ forward, gradients }, step) => {
      assert.equal(forward, []);
      assert.equal(gradients, shard.traces[step].gradients.map(({ key, sum }) => ({ key, parts: [], sum }))); // prettier-ignore
    });
  }
});

test("values are shown of any place, whoever holds it", async () => {
  const key = "stages.1.blocks.0.conv1.weight";
  const places = [
    { kind: "forward", index: 1, shard: 4 },
    { kind: "part", key, contribution: 0, shard: 2 },
    { kind: "sum", key },
  ] as const;
  for (const show of places) {
    const found: (readonly number[] | undefined)[] = [];
    for (const workers of [0, 3]) {
      const pool = await open(workers, {});
      found.push((await pool.step((await batches())[0], { trace: { level: "shard", show } })).trace?.shown);
      await pool.close();
    }
    assert.ok(found[0] && found[0].length > 100 && new Set(found[0]).size > 50, show.kind);
    assert.equal(found[1], found[0], show.kind);
  }
});

test.run();
