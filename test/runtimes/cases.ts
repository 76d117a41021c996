// Small runs that together use every part of training, written so that any engine can run them: everything comes from the package that
// is handed in. Images are made here, of 8x8 to 16x16, so that Winograd's and direct convolutions both run.
import type * as Package from "../../ts/index.ts";

export type Perpend = typeof Package;

export interface Case {
  readonly image: Package.Dataset["image"];
  readonly samples: number;
  readonly loader: Omit<Package.DataLoaderOptions, "seed">;
  readonly steps: number;
  readonly emaDecay?: number;
  readonly trainer?: (perpend: Perpend) => Partial<Pick<Package.TrainerOptions, "accumulate" | "clipGrad" | "gradNorm" | "schedule">>;
  readonly program: (perpend: Perpend, seed: number) => Package.Program;
}

const CLASSES = 5;

const image = (height: number, width: number, channels: number): Package.Dataset["image"] => ({ height, width, channels });

/** 3x3 convolutions with 16 channels on 12x12 and 32 on 6x6 by Winograd, the stem, strided ones and 3x3 images directly. */
const basic: Case = {
  image: image(12, 12, 3),
  samples: 56,
  loader: { batchSize: 16, shuffle: true, shards: 8, augment: { crop: { padding: 2 }, flip: 0.5 } },
  steps: 5,
  trainer: () => ({ clipGrad: 1 }),
  program: (perpend, seed) => ({
    createModel: () => perpend.resnetV2({ depth: 8, width: 16, classes: CLASSES, seed }),
    createOptimizer: (model) => new perpend.SGD(perpend.parameterGroups(model, { weightDecay: 5e-4 }), { lr: 0.05, nesterov: true }),
    loss: (model, batch) => {
      const logits = (model as Package.ResNetV2).forward(batch.images);
      return { loss: perpend.crossEntropy(logits, batch.labels, { smoothing: 0.1 }), logits };
    },
  }),
};

/** Bottlenecks with orthogonal updates that are looked at, norm in groups of 4, AdamW, averages, a cosine after a warm-up. */
const orthogonal: Case = {
  image: image(8, 8, 4),
  samples: 44,
  loader: { batchSize: 20, shuffle: true, shards: 9, bnGroup: 4, augment: { erase: { probability: 0.5, fill: "noise" } } },
  steps: 5,
  emaDecay: 0.8,
  trainer: (perpend) => ({ schedule: perpend.schedule.cosine({ lr: 0.01, total: 8, warmup: 2 }), gradNorm: true }),
  program: (perpend, seed) => {
    const recorder = new perpend.StreamRecorder({ interval: 2 });
    return {
      createModel: () =>
        perpend.resnetV2({
          depth: 11,
          block: "bottleneck",
          width: 16,
          channels: 4,
          classes: CLASSES,
          skip: perpend.observed(perpend.orthogonal(), recorder),
          seed,
        }),
      createOptimizer: (model) => new perpend.AdamW(perpend.parameterGroups(model, { weightDecay: 0.05 }), { lr: 0.01 }),
      observations: () => recorder.drain().map((record) => ({ ...record })),
    };
  },
};

/** Channels below a tile, an image that is no square, gradients of two batches, recomputation, a last batch smaller than its shards. */
const odd: Case = {
  image: image(9, 13, 1),
  samples: 45,
  loader: { batchSize: 19, shuffle: true, shards: 11 },
  steps: 4,
  trainer: () => ({ accumulate: 2, gradNorm: true }),
  program: (perpend, seed) => ({
    createModel: () =>
      perpend.resnetV2({
        depth: 8,
        width: 7,
        channels: 1,
        classes: CLASSES,
        checkpointBlocks: 1,
        shortcut: perpend.projection({ bias: true }),
        convolution: "direct",
        seed,
      }),
    createOptimizer: (model) => new perpend.Adam(perpend.parameterGroups(model), { lr: 0.004 }),
  }),
};

/** No batch norm: layer and group norm, pools, dropout, and every activation. */
const mixed: Case = {
  image: image(10, 10, 3),
  samples: 48,
  loader: { batchSize: 16, shuffle: true, shards: 8 },
  steps: 4,
  emaDecay: 0.9,
  program: (perpend, seed) => ({
    createModel: () => {
      const { Conv2d, Linear, LayerNorm, GroupNorm, MaxPool2d, AveragePool2d, Flatten, Dropout } = perpend;
      const { GELU, SiLU, Tanh, Sigmoid, Softplus, ReLU } = perpend;
      const model = new perpend.Sequential(
        ...[new Conv2d(3, 16, 3, { padding: 1 }), new GroupNorm(4, 16), new GELU(), new MaxPool2d(3, { stride: 2, padding: 1 })],
        ...[new Conv2d(16, 12, 2, { groups: 2 }), new SiLU(), new AveragePool2d(2), new LayerNorm(12), new GELU({ approximate: "tanh" })],
        ...[new Flatten(), new Dropout(0.3), new Linear(48, 21), new Tanh(), new Linear(21, 18), new Softplus()],
        ...[new Linear(18, 10), new Sigmoid(), new ReLU(), new Linear(10, CLASSES)],
      );
      perpend.initialize(model, { seed });
      return model;
    },
    createOptimizer: (model) => new perpend.SGD(perpend.parameterGroups(model), { lr: 0.1, momentum: 0.8, dampening: 0.1 }),
  }),
};

/** What `npm test` compares. */
export const cases: Readonly<Record<string, Case>> = { basic, orthogonal, odd, mixed };

type NetOptions = Omit<Package.ResNetV2Options, "seed" | "classes" | "skip" | "shortcut">;

interface NetCase extends Pick<Case, "image" | "loader"> {
  readonly net: NetOptions;
  readonly skip?: (perpend: Perpend) => Package.SkipKind;
  readonly optimizer?: (perpend: Perpend, model: Package.Module) => Package.Optimizer;
  readonly steps?: number;
  readonly emaDecay?: number;
  readonly trainer?: Case["trainer"];
  readonly loss?: (perpend: Perpend, logits: Package.Tensor, labels: Package.Tensor) => Package.Tensor;
}

function netCase({ net, skip, optimizer, loss, steps = 6, ...rest }: NetCase): Case {
  return {
    ...rest,
    samples: Math.floor(2.5 * rest.loader.batchSize),
    steps,
    program: (perpend, seed) => ({
      createModel: () =>
        perpend.resnetV2({ ...net, classes: CLASSES, channels: rest.image.channels, seed, ...(skip && { skip: skip(perpend) }) }),
      ...(optimizer && { createOptimizer: (model) => optimizer(perpend, model) }),
      ...(loss && {
        loss: (model, batch) => {
          const logits = (model as Package.ResNetV2).forward(batch.images);
          return { loss: loss(perpend, logits, batch.labels), logits };
        },
      }),
    }),
  };
}

/** Rows of 0 and 1 in the place of classes. */
function oneHot(perpend: Perpend, labels: Package.Tensor): Package.Tensor {
  const numbers = perpend.tensor(Array.from({ length: CLASSES }, (_, index) => index));
  return perpend.equal(perpend.reshape(labels, [labels.shape[0], 1]), numbers);
}

/** Two in three of these batches are whole, and the third is half of one. */
const whole = (batchSize: number, shards = 8): Case["loader"] => ({ batchSize, shards, shuffle: true });

/** What only `npm run test:long` compares. */
export const longCases: Readonly<Record<string, Case>> = {
  "deeper, whole stages by Winograd": netCase({ image: image(16, 16, 3), loader: whole(24), net: { depth: 20 }, emaDecay: 0.9 }),
  "plain, no skips": netCase({
    image: image(8, 8, 3),
    loader: whole(32, 24),
    net: { depth: 14, width: 8 },
    skip: (perpend) => perpend.none(),
    trainer: () => ({ clipGrad: 0.5 }),
  }),
  "biases and four stages": netCase({ image: image(16, 16, 3), loader: whole(16), net: { depth: 18, width: 8 }, steps: 3 }),
  "bottlenecks from the raw stream": netCase({
    image: image(12, 12, 3),
    loader: whole(16),
    net: { depth: 11, block: "bottleneck", width: 12, shortcutInput: "stream", finalNorm: false },
    optimizer: (perpend, model) => new perpend.AdamW(perpend.parameterGroups(model, { weightDecay: 0.1 }), { lr: 0.02 }),
  }),
  "orthogonal over samples": netCase({
    image: image(8, 8, 3),
    loader: whole(17, 13),
    net: { depth: 14, width: 16 },
    skip: (perpend) => perpend.orthogonal({ over: "sample" }),
    trainer: (perpend) => ({ schedule: perpend.schedule.oneCycle({ lr: 0.1, total: 6 }) }),
  }),
  "direct, recomputed, accumulated": netCase({
    image: image(10, 14, 2),
    loader: whole(18, 9),
    net: { depth: 20, width: 9, checkpointBlocks: 2, convolution: "direct" },
    trainer: () => ({ accumulate: 3, clipGrad: 2 }),
  }),
  "binary cross-entropy": netCase({
    image: image(8, 8, 3),
    loader: whole(16),
    net: { depth: 8, width: 20 },
    loss: (perpend, logits, labels) => perpend.binaryCrossEntropy(logits, oneHot(perpend, labels)),
  }),
  "squared error, norm in groups": netCase({
    image: image(9, 9, 3),
    loader: { ...whole(24), bnGroup: 3 },
    net: { depth: 8, width: 16 },
    optimizer: (perpend, model) => new perpend.Adam(perpend.parameterGroups(model), { lr: 0.01 }),
    loss: (perpend, logits, labels) => perpend.meanSquaredError(logits, oneHot(perpend, labels)),
  }),
};

export const allCases: Readonly<Record<string, Case>> = { ...cases, ...longCases };

function dataset(perpend: Perpend, { image: shape, samples }: Case, seed: number, split: string): Package.Dataset {
  const draws = perpend.stream(seed, `test images/${split}`);
  const images = new Uint8Array(samples * shape.height * shape.width * shape.channels);
  const labels = Uint8Array.from({ length: samples }, (_, index) => draws.integer(CLASSES, index, 1));
  const pixels = images.length / samples;
  // Brighter by class, so that there is something to learn.
  images.forEach((_, index) => (images[index] = draws.integer(176, index) + 16 * labels[Math.floor(index / pixels)]));
  const channels = { mean: new Array<number>(shape.channels).fill(0.5), std: new Array<number>(shape.channels).fill(0.25) };
  return perpend.arrayDataset(images, labels, { classes: CLASSES, image: shape, ...channels });
}

/** A trainer of the case that stops after its steps. */
export function trainerOf(
  perpend: Perpend,
  given: Case,
  seed: number,
  pool: Package.Pool,
  options: Partial<Package.TrainerOptions> = {},
): Package.Trainer {
  const loader = (split: string): Package.DataLoader =>
    new perpend.DataLoader(
      dataset(perpend, given, seed, split),
      split === "test" ? whole(given.loader.batchSize) : { ...given.loader, seed },
    );
  return new perpend.Trainer({
    pool,
    train: loader("train"),
    test: loader("test"),
    classes: CLASSES,
    epochs: 100_000,
    evaluateEvery: 100_000,
    maxSteps: given.steps,
    ...given.trainer?.(perpend),
    ...options,
  });
}

/** What a case begins with: the state of a run of no steps. */
function beginning(perpend: Perpend, given: Case, seed: number): Package.Checkpoint {
  const pool = openHere(perpend, given, seed);
  const checkpoint = trainerOf(perpend, given, seed, pool).checkpoint();
  void pool.close();
  return checkpoint;
}

/** Trains a case from a seed's beginning on a pool, and says what came out: the last link of the chain of digests, and the bits of the test loss. */
async function outcome(perpend: Perpend, given: Case, seed: number, pool: Package.Pool): Promise<string> {
  let chain = "";
  let loss = NaN;
  const trainer = trainerOf(perpend, given, seed, pool, { digests: { record: (digest) => (chain = digest.chain) } });
  trainer.resume(beginning(perpend, given, seed));
  for await (const event of trainer.fit()) if (event.type === "evaluate") loss = event.loss;
  if (!/^[0-9a-f]{64}$/.test(chain))
    throw new Error(`cases: chain of digests ${JSON.stringify(chain)}, wanted 64 hexadecimal digits; is build/ stale?`);
  const bits = new BigUint64Array(Float64Array.of(loss).buffer)[0].toString(16).padStart(16, "0");
  return `${chain}-${bits}`;
}

/** The outcomes of cases and seeds in order. Neighbors of one case share a pool, which `open` makes of the program with seed 0. */
export async function outcomesOf(
  perpend: Perpend,
  runs: readonly (readonly [name: string, seed: number])[],
  open: (name: string, given: Case) => Package.Pool | Promise<Package.Pool>,
): Promise<string[]> {
  const outcomes: string[] = [];
  let of = "";
  let pool: Package.Pool | undefined;
  for (const [name, seed] of runs) {
    if (name !== of || pool === undefined) {
      await pool?.close();
      pool = await open(name, allCases[name]);
      of = name;
    }
    outcomes.push(await outcome(perpend, allCases[name], seed, pool));
  }
  await pool?.close();
  return outcomes;
}

/** The case on the calling thread. */
export function openHere(perpend: Perpend, { program, emaDecay }: Case, seed = 0): Package.Pool {
  return new perpend.LocalPool(program(perpend, seed), emaDecay === undefined ? {} : { emaDecay });
}
