// Trains a model for some steps on the CPU and on a GPU from the same values and batches, and prints both runs' losses as JSON.
// Arguments: the name of a case; "f16" for products in half precision.
import {
  AdamW,
  backward,
  crossEntropy,
  DataLoader,
  DevicePool,
  keep,
  LocalPool,
  orthogonal,
  parameterGroups,
  resnetV2,
  scope,
  SGD,
  shapes,
  tensor,
  vit,
  withBackend,
  type Program,
  type RawBatch,
  type StepSettings,
} from "../../ts/node.ts";
import { createWebgpuBackend, DeviceError } from "../../ts/webgpu.ts";
import { testGpu } from "./driver.ts";

interface Case {
  readonly program: Program;
  readonly settings: StepSettings;
  readonly ema?: number;
}

const resnet: Program = {
  createModel: () => resnetV2({ depth: 8, width: 4, skip: orthogonal(), seed: 5 }),
  createOptimizer: (model) => new SGD(parameterGroups(model, { weightDecay: 5e-4 }), { lr: 0.02, nesterov: true }),
};

const cases: Readonly<Record<string, Case>> = {
  resnet: { program: resnet, settings: { clipGrad: 2 }, ema: 0.9 },
  vit: {
    program: {
      createModel: () => vit({ size: 16, patch: 4, width: 16, depth: 2, heads: 2, seed: 3 }),
      createOptimizer: (model) => new AdamW(parameterGroups(model, { weightDecay: 0.05 }), { lr: 0.002 }),
    },
    settings: { gradNorm: true },
  },
};

const STEPS = 10;

/** Every other pixel: images of 16 x 16, since the driver may compute on the CPU. */
function halved({ images, ...rest }: RawBatch): RawBatch {
  const { size } = rest;
  const small = new Float32Array(size * 16 * 16 * 3);
  for (let at = 0; at < small.length; at++) {
    const [channel, pixel] = [at % 3, Math.floor(at / 3)];
    const [column, row] = [pixel % 16, Math.floor(pixel / 16)];
    small[at] = images[(Math.floor(row / 16) * 32 + 2 * (row % 16)) * 96 + 2 * column * 3 + channel];
  }
  return { ...rest, images: small, shape: [size, 16, 16, 3] };
}

const batches: RawBatch[] = [];
const loader = new DataLoader(shapes({ count: 8 * STEPS, seed: 3 }), { batchSize: 8, shuffle: true, seed: 4 });
for await (const batch of loader.epoch(0)) batches.push(halved(batch));

const half = process.argv[3] === "f16";
const gpu = await testGpu();
const backend = await createWebgpuBackend({ gpu, ...(half && { precision: "f16" }) }).catch((error: unknown) => {
  if (!(error instanceof DeviceError)) throw error;
  console.log(JSON.stringify({ unavailable: error.message }));
  process.exit(0);
});
const name = process.argv[2] ?? "resnet";

if (name === "loop") {
  // A plain loop: nothing is read before its end.
  const made: number[] = [];
  const run = async (): Promise<number[]> => {
    const model = resnetV2({ depth: 8, width: 4, seed: 5 });
    const optimizer = new SGD(parameterGroups(model), { lr: 0.05 });
    const losses = batches.map(({ images, labels, shape }) =>
      scope(() => {
        const loss = crossEntropy(model.forward(tensor(images, shape)), tensor(Float32Array.from(labels)));
        backward(loss);
        optimizer.step();
        made.push(backend.counts().bindGroups);
        return keep(loss);
      }),
    );
    return Promise.all(losses.map(async (loss) => (await loss.read())[0]));
  };
  const cpu = await run();
  const before = backend.counts();
  const gpu = await withBackend(backend, run);
  const { dispatches, submissions } = backend.counts();
  const counts = { dispatches: dispatches - before.dispatches, submissions: submissions - before.submissions };
  console.log(JSON.stringify({ cpu, gpu, ...counts, bindGroups: made.slice(batches.length) }));
} else {
  const { program, settings, ema } = cases[name];
  const options = ema === undefined ? {} : { emaDecay: ema };
  const cpuPool = new LocalPool(program, options);
  const gpuPool = new DevicePool(program, backend, { ...options, ...(half && { lossScale: 1024 }) });
  const run = async (pool: LocalPool | DevicePool): Promise<unknown> => {
    const steps = [];
    for (const batch of batches) steps.push(await pool.step(batch, settings));
    const [probe] = batches;
    const plain = await pool.evaluate(probe);
    const averaged = await pool.evaluate(probe, { ema: true });
    if (pool instanceof DevicePool) await pool.settle();
    return {
      losses: steps.map(({ loss }) => loss),
      correct: steps.map(({ correct }) => correct),
      norms: steps.map(({ gradNorm }) => gradNorm),
      evaluated: [...plain.losses, ...averaged.losses],
      steps: pool.optimizer.steps,
      weights: Object.values(pool.model.stateDict()).flatMap(({ values }) => [...values]),
    };
  };
  console.log(JSON.stringify({ cpu: await run(cpuPool), gpu: await run(gpuPool), left: backend.memoryUse().buffers }));
  await gpuPool.close();
  await cpuPool.close();
}
backend.destroy();
