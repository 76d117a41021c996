// Whole training steps (forward, backward, SGD) of our nets on 32x32 images: images a second and peak memory, with additive and with
// orthogonal skips, on the calling thread (`_local`) and with teams of workers.
import { isChosen, progress, type Findings, type Plan } from "./suite/plan.ts";
import { measured, type Measured } from "./suite/rows.ts";
import { median, overBest, ratioOfTimes, spread } from "./suite/statistics.ts";
import { usualWorkers } from "./suite/trainer.ts";
import { measureTraining, pathsNote, timeRatios, type Trained, type Training } from "./suite/training.ts";

interface Model {
  readonly name: string;
  /** A residual net where it is not given. */
  readonly net?: "vit";
  readonly depth: number;
  readonly batch: number;
  readonly rounds: number;
  /** Rounds of a quick run; 0 where it leaves the model out. */
  readonly quickRounds: number;
  /** Measures what observing the streams costs, too. */
  readonly observed?: boolean;
}

const MODELS: readonly Model[] = [
  { name: "resnet20_b128", depth: 20, batch: 128, rounds: 15, quickRounds: 3, observed: true },
  { name: "resnet110_b32", depth: 110, batch: 32, rounds: 11, quickRounds: 2 },
  { name: "resnet110_b128", depth: 110, batch: 128, rounds: 5, quickRounds: 0 },
  { name: "resnetv2_18_b128", depth: 18, batch: 128, rounds: 5, quickRounds: 0 },
  { name: "vit_d192_l6_p4_b64", net: "vit", depth: 6, batch: 64, rounds: 7, quickRounds: 0 },
];

const SKIPS = [
  { skip: "additive", suffix: "" },
  { skip: "orthogonal", suffix: "_orthogonal" },
] as const;

const OBSERVED = [
  { observe: "in turn", suffix: "_observed_in_turn" },
  { observe: "every step", suffix: "_observed" },
] as const;

const local = (workers: number): string => (workers === 0 ? "_local" : "");

function trainingsOf({ name, net, depth, batch, observed = false }: Model, { quick, workers: asked }: Plan): Training[] {
  const workers = asked ?? usualWorkers();
  const trainings = workers.flatMap((count) =>
    SKIPS.map(({ skip, suffix }) => ({
      name: `${name}${suffix}${local(count)}`,
      options: { ...(net && { net }), depth, skip },
      batch,
      workers: count,
    })),
  );
  if (!observed || quick || !workers.includes(0)) return trainings;
  return [
    ...trainings,
    ...OBSERVED.map(({ observe, suffix }) => ({
      name: `${name}_orthogonal${suffix}_local`,
      options: { depth, skip: "orthogonal", observe },
      batch,
      workers: 0,
    })),
  ];
}

export function rowsOf({ training: { name, batch, workers }, medians, best, cpu, ceilingShare, peakMemory }: Trained): Measured[] {
  const threads = Math.max(1, workers);
  const speed = (ms: number): number => (1000 * batch) / ms;
  return [
    measured({
      ...{ name: `train_${name}`, unit: "images/s", threads, value: speed(median(medians)), best: speed(best) },
      ...{ spread: spread(medians), cpu, ceilingShare },
    }),
    measured({ name: `peak_memory_${name}`, unit: "MB", threads, value: peakMemory }),
  ];
}

/** How the variants of a model stand to each other. */
export function ratiosOf(model: string, trained: readonly Trained[]): Measured[] {
  const find = (suffix: string, workers: number): Trained | undefined =>
    trained.find(({ training }) => training.workers === workers && training.name === `${model}${suffix}${local(workers)}`);
  const counts = [...new Set(trained.map(({ training }) => training.workers))];
  const compare = (row: Pick<Measured, "name" | "unit" | "threads">, over?: Trained, under?: Trained): Measured[] => {
    if (over === undefined || under === undefined) return [];
    const wall = ratioOfTimes(over.medians, under.medians);
    return [measured({ ...row, value: wall.median, best: wall.best, spread: wall.spread })];
  };
  const compareTimes = (name: string, over?: Trained, under?: Trained): Measured[] => (over && under ? timeRatios(name, over, under) : []);
  return [
    ...compare({ name: `team_of_1_over_local_${model}`, unit: "speed ratio", threads: 1 }, find("", 0), find("", 1)),
    ...counts
      .filter((threads) => threads > 1)
      .flatMap((threads) =>
        compare({ name: `workers_${threads}_over_1_${model}`, unit: "speed ratio", threads }, find("", 1), find("", threads)),
      ),
    ...counts.flatMap((workers) =>
      compareTimes(`orthogonal_over_additive_${model}${local(workers)}`, find("_orthogonal", workers), find("", workers)),
    ),
    ...OBSERVED.flatMap(({ suffix }) =>
      compareTimes(`observing_${model}${suffix}_local`, find(`_orthogonal${suffix}`, 0), find("_orthogonal", 0)),
    ),
  ];
}

export async function measure(plan: Plan): Promise<Findings> {
  const rows: Measured[] = [];
  const notes = ["Share: of the multiply-adds in registers that as many threads can do, counting products as the definition does."];
  const all: Trained[] = [];
  const models = MODELS.filter(({ quickRounds }) => !plan.quick || quickRounds > 0);
  for (const [index, model] of models.entries()) {
    progress(index, models.length, model.name);
    const trainings = trainingsOf(model, plan).filter(({ name }) => isChosen(plan, `train_${name}`));
    const rounds = plan.rounds ?? (plan.quick ? model.quickRounds : model.rounds);
    const trained = await measureTraining(trainings, rounds, (line) => notes.push(line));
    all.push(...trained);
    rows.push(...trained.flatMap(rowsOf), ...ratiosOf(model.name, trained));
  }
  progress(models.length, models.length, "");
  if (all.length > 0) {
    const worst = Math.max(...all.map(({ bound }) => overBest(bound)));
    notes.push(
      pathsNote(all),
      `The multiply-adds in registers took up to ${(100 * worst).toFixed(1)} % longer in the median than at best.`,
    );
  }
  return { rows, notes };
}
