// How the time of a training step grows: with depth at batch 128, with the batch at depth 20, with the number of workers. The time is
// that of one image and one layer, which stays the same where nothing but the work grows.
import { availableParallelism } from "node:os";
import { isChosen, progress, type Findings, type Plan } from "./suite/plan.ts";
import { measured, type Measured } from "./suite/rows.ts";
import { median, ratioOfTimes, spread } from "./suite/statistics.ts";
import { measureTraining, pathsNote, type Trained, type Training } from "./suite/training.ts";

interface Sweep {
  readonly name: "depth" | "batch" | "workers";
  /** What a run asks for, and less of it for a quick one. */
  readonly values: readonly number[];
  readonly quick: readonly number[];
  readonly training: (value: number, workers: number) => Pick<Training, "options" | "batch" | "workers">;
  /** The values between which time an image and layer should stay flat; the first is what the others are compared with. */
  readonly flat: readonly [from: number, to: number];
}

const additive = (depth: number) => ({ depth, skip: "additive" });

const SWEEPS: readonly Sweep[] = [
  {
    name: "depth",
    values: [20, 56, 110, 218],
    quick: [20, 56],
    training: (depth, workers) => ({ options: additive(depth), batch: 128, workers }),
    flat: [20, 218],
  },
  {
    name: "batch",
    values: [16, 32, 64, 128, 256, 512],
    quick: [32, 64, 128],
    training: (batch, workers) => ({ options: additive(20), batch, workers }),
    flat: [64, 512],
  },
  {
    name: "workers",
    values: [0, 1, 2, 4],
    quick: [1, 2],
    training: (workers) => ({ options: additive(20), batch: 128, workers }),
    flat: [0, 0],
  },
];

const layersOf = ({ training: { options } }: Trained): number => options["depth"] as number;

/** Milliseconds of a step as time of an image and a layer. */
const perLayer = (trained: Trained, times: readonly number[]): number[] =>
  times.map((ms) => (1000 * ms) / trained.training.batch / layersOf(trained));

function rowsOf({ name, flat: [from, to] }: Sweep, found: ReadonlyMap<number, Trained>): Measured[] {
  const rows = [...found].map(([value, trained]) => {
    const times = perLayer(trained, trained.medians);
    return measured({
      ...{ name: `growth_${name}_${value}`, unit: "us", threads: Math.max(1, trained.training.workers), value: median(times) },
      ...{ best: Math.min(...times), spread: spread(times), cpu: trained.cpu, ceilingShare: trained.ceilingShare },
    });
  });
  const inside = [...found].filter(([value]) => value >= from && value <= to);
  const base = inside.find(([value]) => value === from)?.[1];
  if (base === undefined) return rows;
  const ratios = inside.flatMap(([value, trained]) => {
    if (trained === base) return [];
    const row = { unit: "time ratio", threads: Math.max(1, base.training.workers) } as const;
    return (["medians", "cpuTimes"] as const).map((clock) => {
      const ratio = ratioOfTimes(perLayer(trained, trained[clock]), perLayer(base, base[clock]));
      return measured({
        ...{ ...row, name: `growth_${name}_${value}_over_${from}${clock === "medians" ? "" : "_cpu"}` },
        ...{ value: ratio.median, best: ratio.best, spread: ratio.spread },
      });
    });
  });
  return [...rows, ...ratios];
}

export async function measure(plan: Plan): Promise<Findings> {
  const rows: Measured[] = [];
  const all: Trained[] = [];
  const notes = ["Time of one image in one layer, in microseconds; a ratio of 1 is no growth. Share: as in the step bench."];
  // Both cores where there are two: that is how people train.
  const workers = Math.min(2, availableParallelism());
  for (const [index, sweep] of SWEEPS.entries()) {
    progress(index, SWEEPS.length, sweep.name);
    const values = sweep.name === "workers" && plan.workers !== null ? plan.workers : plan.quick ? sweep.quick : sweep.values;
    const trainings = values
      .map((value) => ({ name: `growth_${sweep.name}_${value}`, value, ...sweep.training(value, workers) }))
      .filter(({ name }) => isChosen(plan, name));
    const trained = await measureTraining([...trainings].reverse(), plan.rounds ?? (plan.quick ? 2 : 7), (line) => notes.push(line));
    all.push(...trained);
    const found = trainings.flatMap(({ name, value }): [number, Trained][] => {
      const own = trained.find(({ training }) => training.name === name);
      return own === undefined ? [] : [[value, own]];
    });
    rows.push(...rowsOf(sweep, new Map(found)));
  }
  progress(SWEEPS.length, SWEEPS.length, "");
  return { rows, notes: all.length > 0 ? [...notes, pathsNote(all)] : notes };
}
