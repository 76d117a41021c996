// Running statistics estimated anew: plain averages over batches, the same from a team, and nothing else changes.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BatchNorm2d, createTeam, DataLoader, digest, LocalPool, reestimateStatistics, shapes, type Pool } from "../../ts/node.ts";
import { noGrad, scope } from "../../ts/autograd/index.ts";
import { toBatch } from "../../ts/train/index.ts";
import * as program from "../workers/program.ts";

const dataset = shapes({ count: 60, seed: 3 });
const loader = (): DataLoader => new DataLoader(dataset, { batchSize: 20, shuffle: true, seed: 9 });

const statesOf = ({ model }: Pool): Record<string, number[]> =>
  Object.fromEntries(Object.entries(model.stateDict()).map(([key, { values }]) => [key, [...values]]));

const test = suite("train/reestimate");

test("statistics are the averages over the batches, and nothing else changes", async () => {
  const pool = new LocalPool(program);
  for await (const batch of loader().epoch(0)) await pool.step(batch);
  const before = statesOf(pool);
  assert.is(await reestimateStatistics(pool, loader(), { epoch: 4 }), 3);
  const after = statesOf(pool);
  const changed = Object.keys(before).filter((key) => before[key].join() !== after[key].join());
  assert.ok(changed.length > 0 && changed.every((key) => key.includes("running_")), changed.join());
  // The first norm sees the stem's output, which does not depend on other norms: by hand.
  const model = pool.model as ReturnType<typeof program.createModel>;
  const [, channels] = [0, model.stem.conv.weight.shape[3]];
  const means = new Float64Array(channels);
  const variances = new Float64Array(channels);
  for await (const raw of loader().epoch(4))
    scope(() => {
      const out = noGrad(() => model.stem.conv.forward(toBatch(raw).images)).toArray();
      const rows = out.length / channels;
      for (let c = 0; c < channels; c++) {
        let mean = 0;
        for (let row = 0; row < rows; row++) mean += out[row * channels + c] / rows;
        let variance = 0;
        for (let row = 0; row < rows; row++) variance += (out[row * channels + c] - mean) ** 2 / (rows - 1);
        means[c] += mean / 3;
        variances[c] += variance / 3;
      }
    });
  const [key] = Object.keys(after).filter((name) => name.endsWith("norm1.running_mean"));
  after[key].forEach((value, c) => assert.ok(Math.abs(value - means[c]) < 1e-5, `${value}, wanted ${means[c]}`));
  after[key.replace("mean", "var")].forEach((value, c) =>
    assert.ok(Math.abs(value / variances[c] - 1) < 1e-4, `${value}, wanted ${variances[c]}`),
  );
  await pool.close();
});

test("a team's come out the same, and it trains on from there to the same bits", async () => {
  const digests: string[][] = [];
  for (const workers of [0, 2]) {
    const pool =
      workers === 0 ? new LocalPool(program) : await createTeam({ module: new URL("../workers/program.ts", import.meta.url), workers });
    const found: string[] = [];
    for (const epoch of [0, 1]) {
      for await (const batch of loader().epoch(epoch)) await pool.step(batch);
      await reestimateStatistics(pool, loader(), { batches: 2, epoch });
      found.push(digest(pool.model));
      for await (const batch of loader().epoch(0)) found.push((await pool.evaluate(batch)).losses.join());
    }
    digests.push(found);
    await pool.close();
  }
  assert.equal(digests[1], digests[0]);
});

test("momentum and training go on as before", async () => {
  const pool = new LocalPool(program);
  pool.model.eval();
  await reestimateStatistics(pool, loader(), { batches: 1 });
  assert.is(pool.model.training, false);
  for (const [, module] of pool.model.namedModules())
    if (module instanceof BatchNorm2d) assert.equal([module.momentum, module.follows, module.training], [0.1, true, false]);
  await pool.close();
});

test.run();
