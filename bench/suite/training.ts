// Training steps of several nets measured in turn, each net in a process of its own so that memory can be told apart.
import { createDryBackend, summarizeModel, withBackend } from "../../ts/index.ts";
import type { Layer } from "../../ts/nn/index.ts";
import type { JsonObject } from "../../ts/train/index.ts";
import type { Job } from "../programs/train.ts";
import { createModel } from "../programs/resnet.ts";
import { ceilingRun, multiplyAdds } from "./ceiling.ts";
import { interleave, type Series } from "./interleave.ts";
import { KernelRoom, openKernels } from "./kernel-room.ts";
import { measured, type Measured } from "./rows.ts";
import { median, ratioOfTimes } from "./statistics.ts";
import { processesThatFit, startTrainer, type Trainer } from "./trainer.ts";

export interface Training extends Job {
  readonly name: string;
}

/** A training that was measured, or why it was not. */
export interface Trained extends Series {
  readonly training: Training;
  readonly peakMemory: number;
  /** The code that ran in the process. */
  readonly path: "wide" | "plain";
  /** Of the multiply-adds that its threads could do in registers at the same time. */
  readonly ceilingShare: number;
  /** How long the multiply-adds took beside it, as Series.medians. */
  readonly bound: readonly number[];
}

/** Floating-point operations of a training step: a forward pass, and twice as many for the two gradients. */
export function stepOperations({ options, batch }: Pick<Job, "options" | "batch">): number {
  return 3 * batch * forwardOperations(options);
}

const known = new Map<string, number>();

function forwardOperations(options: JsonObject): number {
  const key = `${String(options["net"] ?? "resnet")} ${String(options["depth"])}`;
  let flops = known.get(key);
  if (flops === undefined) {
    flops = withBackend(createDryBackend(), () => summarizeModel(createModel({ ...options, observe: null }) as Layer, [32, 32, 3])).flops;
    known.set(key, flops);
  }
  return flops;
}

interface Running {
  readonly training: Training;
  readonly trainer: Trainer;
}

/** Measures the processes that run, in turn. */
async function measureRunning(running: readonly Running[], rounds: number, room: KernelRoom): Promise<Trained[]> {
  const bound = multiplyAdds(room);
  const [chain, ...series] = await interleave(
    [
      { name: "", run: ceilingRun(room, bound) },
      ...running.map(({ training: { name, workers }, trainer }) => ({
        name: `${name} ${workers}`,
        run: () => trainer.step(),
        isAsync: true,
        cpu: () => trainer.cpu,
      })),
    ],
    { rounds, time: 0, warmupCalls: 1 },
  );
  return running.map(({ training, trainer }, index) => {
    const own = series[index];
    const threads = Math.max(1, training.workers);
    const shares = own.medians.map((ms, round) => stepOperations(training) / ms / (bound.work / chain.medians[round]) / threads);
    return {
      ...own,
      training,
      peakMemory: trainer.last.peakMemory,
      path: trainer.last.path,
      ceilingShare: median(shares),
      bound: chain.medians,
    };
  });
}

/** How many of the processes ran wide code, for a note. */
export function pathsNote(trained: readonly Trained[]): string {
  const wide = trained.filter(({ path }) => path === "wide").length;
  return `Kernels: wide code in ${wide} of ${trained.length} processes.`;
}

/**
 * Measures trainings in turn, as many at a time as fit into memory if each takes as much as the first. Those that cannot run are left
 * out and told of.
 */
export async function measureTraining(trainings: readonly Training[], rounds: number, tell: (line: string) => void): Promise<Trained[]> {
  const room = new KernelRoom(openKernels(null).module);
  const results: Trained[] = [];
  let running: Running[] = [];
  let fit = Infinity;
  const flush = async (): Promise<void> => {
    try {
      if (running.length > 0) results.push(...(await measureRunning(running, rounds, room)));
    } finally {
      for (const { trainer } of running) await trainer.close();
      running = [];
    }
  };
  try {
    for (const training of trainings) {
      const trainer = await tryTrainer(training, tell);
      if (trainer === null) continue;
      running.push({ training, trainer });
      // At least two, since it is ratios that count.
      if (fit === Infinity) fit = Math.max(2, 1 + processesThatFit(trainer.last.peakMemory));
      if (running.length === fit) await flush();
    }
  } finally {
    await flush();
  }
  return results;
}

async function tryTrainer(training: Training, tell: (line: string) => void): Promise<Trainer | null> {
  try {
    return await startTrainer(training);
  } catch (error) {
    const lines = (error as Error).message.split("\n").filter((line) => /Error|memory/.test(line));
    tell(`${training.name} with ${training.workers} workers did not run: ${lines[0] ?? (error as Error).message}`);
    return null;
  }
}

/** A training over another one, by the clock, and by CPU time, from which other work on the machine takes nothing. */
export function timeRatios(name: string, over: Trained, under: Trained): Measured[] {
  const row = { unit: "time ratio", threads: Math.max(1, over.training.workers) } as const;
  const ratios = [
    { name, found: ratioOfTimes(over.medians, under.medians) },
    { name: `${name}_cpu`, found: ratioOfTimes(over.cpuTimes, under.cpuTimes) },
  ];
  return ratios.map((each) =>
    measured({ name: each.name, ...row, value: each.found.median, best: each.found.best, spread: each.found.spread }),
  );
}
