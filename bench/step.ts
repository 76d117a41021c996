// Whole training steps of a ResNet-20: node --import tsx bench/step.ts [--batch 128] [--rounds 7] [--workers 0,1,2].
// Variants take turns step by step, so that ratios hold on a machine that others use; the median of each is shown.
import { parseArgs } from "node:util";
import { Bench } from "tinybench";
import { createTeam, LocalPool, stream, type Pool } from "../ts/node.ts";
import type { JsonObject, RawBatch } from "../ts/train/index.ts";
import * as program from "./programs/resnet.ts";

interface Variant {
  readonly name: string;
  readonly workers: number;
  readonly options: JsonObject;
}

const { values } = parseArgs({
  options: {
    batch: { type: "string", default: "128" },
    rounds: { type: "string", default: "7" },
    workers: { type: "string", default: "0,1,2" },
    depth: { type: "string", default: "20" },
  },
});
const size = Number(values.batch);
const depth = Number(values.depth);

const variants: Variant[] = values.workers
  .split(",")
  .map(Number)
  .flatMap((workers) => {
    const at = `${workers} workers`;
    const plain = [
      { name: `additive, ${at}`, workers, options: { depth, skip: "additive" } },
      { name: `orthogonal, ${at}`, workers, options: { depth, skip: "orthogonal" } },
    ];
    if (workers > 0) return plain;
    return [
      ...plain,
      { name: "orthogonal, observed in turn", workers, options: { depth, skip: "orthogonal", observe: "in turn" } },
      { name: "orthogonal, observed every block and step", workers, options: { depth, skip: "orthogonal", observe: "every step" } },
    ];
  });

const images = stream(1, "bench").fillNormal(new Float32Array(size * 32 * 32 * 3)) as Float32Array;
const batchAt = (step: number): RawBatch => ({
  images,
  labels: Array.from({ length: size }, (_, index) => index % 10),
  size,
  shape: [size, 32, 32, 3],
  epoch: 0,
  step,
});

const pools: Pool[] = [];
for (const { workers, options } of variants)
  pools.push(
    workers === 0
      ? new LocalPool(program, { options })
      : await createTeam({ module: new URL("./programs/resnet.ts", import.meta.url), workers, options }),
  );
for (const pool of pools) await pool.step(batchAt(0));

const milliseconds: number[][] = variants.map(() => []);
for (let round = 1; round <= Number(values.rounds); round++)
  for (const [index, pool] of pools.entries()) {
    const bench = new Bench({ iterations: 1, time: 0, warmup: false });
    bench.add(variants[index].name, async () => {
      await pool.step(batchAt(round));
    });
    const [task] = await bench.run();
    const { result } = task;
    if (!("latency" in result)) throw new Error(`bench: ${variants[index].name} failed`);
    milliseconds[index].push(result.latency.mean);
  }

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1];
const base = median(milliseconds[0]);
console.log(`ResNet-${depth}, batch ${size}, Node ${process.versions.node}, ${values.rounds} steps each, in turn\n`);
console.log("| variant | ms a step | images/s | time against the first |");
console.log("|---|---|---|---|");
variants.forEach(({ name }, index) => {
  const ms = median(milliseconds[index]);
  console.log(`| ${name} | ${ms.toFixed(1)} | ${((1000 * size) / ms).toFixed(0)} | ${(ms / base).toFixed(3)} |`);
});
for (const pool of pools) await pool.close();
