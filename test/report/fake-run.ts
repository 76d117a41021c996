// Runs that never happened, shaped like real ones: for the tests of the report and to look at it. A pure function of the options.
import type { BlockDiagnostics, RunEvent, SamplesEvent } from "../../ts/train/events.ts";
import { pngDataUrl } from "../../ts/train/png.ts";

export interface FakeRun {
  readonly name?: string;
  readonly skip?: "additive" | "orthogonal";
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  readonly blocks?: number;
  readonly classes?: readonly string[];
  readonly seed?: number;
  readonly final?: number;
  readonly images?: number;
  /** Ends like this; "none" leaves the log without an end. */
  readonly end?: "finished" | "stopped" | "diverged" | "none";
}

export const cifarClasses = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/** Uniform numbers from a linear congruential generator. */
function generator(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function fakeRun({
  skip = "orthogonal",
  name = skip,
  epochs = 12,
  stepsPerEpoch = 390,
  blocks = 9,
  classes = cifarClasses,
  seed = 7,
  final = skip === "orthogonal" ? 0.914 : 0.907,
  images = 24,
  end = "finished",
}: FakeRun = {}): RunEvent[] {
  const random = generator(seed + name.length);
  const noise = (): number => random() + random() + random() - 1.5;
  const total = epochs * stepsPerEpoch;
  const events: RunEvent[] = [
    {
      type: "run-start",
      name,
      recipe: {
        model: "resnetv2-20",
        skip: { kind: skip, ...(skip === "orthogonal" ? { over: "feature", eps: 1e-6 } : {}) },
        data: { name: "CIFAR-10", crop: 4, flip: true, mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
        optimizer: { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
        schedule: { kind: "one-cycle", peak: 0.4, warmupEpochs: 2 },
        batch: 128,
        labelSmoothing: 0,
        clipGrad: null,
      },
      model: "ResNetV2-20",
      parameters: 272_474,
      machine: {
        cpu: "AMD EPYC 7B13",
        cores: 2,
        memoryBytes: 25_232_932_864,
        platform: "Linux 6.1.0",
        architecture: "x64",
        runtime: "node 20.20.2",
        engine: "v8 11.3.244.8",
      },
      versions: { perpend: "0.1.0", kernels: "strict 3f9c2ab1", contract: "1" },
      shards: 24,
      workers: 2,
      seed,
      epochs,
      stepsPerEpoch,
      dataset: "CIFAR-10",
      classes,
      command: `perpend train --model resnetv2-20 --skip ${skip} --data-dir ~/data/cifar10 --epochs ${epochs} -b 128 --sched one-cycle --lr 0.4 --weight-decay 5e-4 --seed ${seed}`,
      startedAt: "2026-11-21T09:30:00.000Z",
    },
  ];
  let speed = 520;
  for (let step = 1; step <= total; step++) {
    const share = step / total;
    const learningRate = share < 1 / 6 ? 2.4 * share : 0.4 * (1 - (share - 1 / 6) / (5 / 6));
    const course = 0.18 + 2.15 * Math.exp(-7 * share) * (1 - 0.5 * share) + 0.55 * (1 - share) ** 1.4 - (skip === "orthogonal" ? 0.02 : 0);
    const accuracy = Math.min(1, Math.max(0.05, 1.005 - 0.36 * course));
    speed += 4 * noise() - 0.02 * (speed - 520);
    const epoch = Math.floor((step - 1) / stepsPerEpoch) + 1;
    events.push({
      type: "step",
      epoch,
      step,
      loss: end === "diverged" && share > 0.9 ? NaN : course * (1 + 0.16 * noise()),
      accuracy: Math.floor(128 * Math.min(1, Math.max(0, accuracy + 0.05 * noise()))) / 128,
      learningRate,
      imagesPerSecond: speed * (step % 397 === 0 ? 0.7 : 1) + 6 * noise(),
      gradNorm: 1 + random(),
      seconds: (step * 128) / 510,
    });
    if (step === 1 || step % Math.max(1, Math.floor(stepsPerEpoch / 8)) === 0) {
      events.push({ type: "diagnostics", step, blocks: Array.from({ length: blocks }, (_, i) => block(i, blocks, share, skip, noise)) });
    }
    if (step % stepsPerEpoch === 0) {
      const top1 = final - 0.48 * (1 - share) ** 1.5 * (0.8 + 0.5 * random()) - 0.006 * random();
      const confusion = step === total ? confusionOf(classes.length, final, random) : undefined;
      const evaluated = { epoch, step, split: "test", loss: 0.04 + 2.6 * (1 - top1), top1, top5: 1 - (1 - top1) / 12 };
      events.push({ type: "evaluate", ...evaluated, confusion, seconds: (step * 128) / 510 + epoch * 9 });
      events.push({ type: "checkpoint", path: `runs/${name}/checkpoint-${step}.safetensors`, step });
    }
  }
  if (images > 0) events.push(samplesOf(images, classes, final, total, random));
  if (end !== "none") {
    const digest = Array.from({ length: 64 }, () => "0123456789abcdef"[Math.floor(16 * random())]).join("");
    events.push({ type: "run-end", digest, seconds: (total * 128) / 510 + 9 * epochs, steps: total, reason: end });
  }
  return events;
}

function block(index: number, blocks: number, share: number, skip: string, noise: () => number): BlockDiagnostics {
  const depth = index / Math.max(1, blocks - 1);
  const narrow = index % 3 === 0 ? 0.8 : 1;
  const growth = skip === "orthogonal" ? 1.1 * depth + 0.9 * Math.sqrt(share) * depth : 2.3 * depth * share + 0.8 * depth;
  const streamNorm2 = 6 * 10 ** (growth + 0.02 * noise()) * narrow;
  const cosine = Math.max(
    -1,
    Math.min(1, skip === "orthogonal" ? -0.55 * share * (1 - depth) + 0.05 * noise() : -0.1 + 0.7 * share * depth + 0.04 * noise()),
  );
  const branch2 = streamNorm2 * (0.12 + 0.5 * depth * (1 - 0.5 * share)) * (index === blocks - 1 ? 2.5 : 1);
  const parallelNorm2 = branch2 * Math.max(1e-4, cosine * cosine);
  const orthogonalNorm2 = branch2 * (1 - cosine * cosine);
  return {
    index,
    streamNorm2,
    parallelNorm2,
    orthogonalNorm2,
    rhoParallel: parallelNorm2 / streamNorm2,
    rhoOrthogonal: orthogonalNorm2 / streamNorm2,
    cosine,
  };
}

function confusionOf(count: number, accuracy: number, random: () => number): number[][] {
  const similar: [number, number][] = [[3, 5], [5, 3], [1, 9], [9, 1], [4, 7], [0, 8], [2, 4], [3, 6]]; // prettier-ignore
  return Array.from({ length: count }, (_, truth) => {
    const row = Array.from({ length: count }, () => Math.floor(9 * random() * random()));
    for (const [from, to] of similar) if (from === truth && to < count) row[to] += Math.floor(20 + 60 * random());
    const wrong = row.reduce((sum, value) => sum + value, 0) - row[truth];
    const wanted = 1000 * (1 - accuracy) * (truth === 3 ? 1.9 : 0.9);
    const scaled = row.map((value, guess) => (guess === truth ? 0 : Math.floor((value * wanted) / Math.max(1, wrong))));
    scaled[truth] = 1000 - scaled.reduce((sum, value) => sum + value, 0);
    return scaled;
  });
}

/** Pictures of a disc, a square or stripes on a ground, in color. */
function samplesOf(count: number, classes: readonly string[], accuracy: number, step: number, guess: () => number): SamplesEvent {
  const random = generator(99);
  const images: string[] = [];
  const labels: number[] = [];
  const predictions: number[] = [];
  const probabilities: number[] = [];
  for (let i = 0; i < count; i++) {
    const label = Math.floor(random() * classes.length);
    const wrong = guess() > accuracy - 0.08;
    const [ground, shape] = [0, 1].map(() => [random(), random(), random()].map((value) => 50 + 180 * value));
    const [cx, cy, size, tilt] = [10 + 12 * random(), 10 + 12 * random(), 6 + 6 * random(), 3 * random()];
    const pixels: number[] = [];
    for (let y = 0; y < 32; y++) {
      for (let x = 0; x < 32; x++) {
        const [u, v] = [(x - cx) * Math.cos(tilt) - (y - cy) * Math.sin(tilt), (x - cx) * Math.sin(tilt) + (y - cy) * Math.cos(tilt)];
        const kind = label % 3;
        const inside =
          kind === 0 ? u * u + v * v < size * size : kind === 1 ? Math.max(Math.abs(u), Math.abs(v)) < size : Math.floor(u / 4) % 2 === 0;
        const color = inside ? shape : ground;
        for (let c = 0; c < 3; c++) pixels.push(Math.max(0, Math.min(255, color[c] * (0.8 + 0.2 * (y / 32)) + 22 * (random() - 0.5))));
      }
    }
    images.push(pngDataUrl(pixels, 32, 32, 3));
    labels.push(label);
    predictions.push(wrong ? (label + 1 + Math.floor(guess() * (classes.length - 1))) % classes.length : label);
    probabilities.push(wrong ? 0.35 + 0.4 * guess() : 0.75 + 0.249 * guess());
  }
  return { type: "samples", step, images, labels, predictions, probabilities };
}
