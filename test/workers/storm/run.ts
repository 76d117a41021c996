// One storm: a team trains while its workers are lost, and comes to the digests of a run that nothing befell. Runs as compiled JavaScript in
// a process of its own, since starting a thread that compiles takes five times as long; prints what happened as one line of JSON.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BroadcastChannel, type Worker } from "node:worker_threads";
import { createTeam, DataLoader, digest, LocalPool, shapes, type Fault, type Pool } from "../../../ts/node.ts";
import { stream, type RandomStream } from "../../../ts/random.ts";
import type { RawBatch } from "../../../ts/train/index.ts";
import { KINDS, POINTS, type Kind, type Planned, type Point } from "./plan.ts";
import { plantInTeam } from "./plants.ts";
import * as program from "./program.ts";

export interface Storm {
  readonly seed: number;
  readonly workers: number;
  /** Planned losses; those from outside at any time come on top. */
  readonly faults: number;
  /** One of so many planned faults is a hang, which takes a second. */
  readonly hangs: number;
  readonly variant: "batch norm" | "group norm";
  /** Faults of these kinds alone. */
  readonly kinds?: readonly Kind[];
  /** Seconds that workers are waited for, always; by the steps before otherwise. */
  readonly seconds?: number;
  /** Name of a mistake to plant. */
  readonly plant?: string;
}

export interface Report {
  readonly storm: Storm;
  /** The first number that is not that of the run without faults. */
  readonly difference: string | null;
  readonly steps: number;
  readonly fired: { readonly [kind: string]: number };
  readonly points: { readonly [point: string]: number };
  /** Threads ended from outside at any time once they have loaded their modules. */
  readonly struck: number;
  readonly reported: { readonly [kind: string]: number };
  /** Threads that are left after close(). */
  readonly left: number;
  /** Shared memory, in MiB: after the first step, and at the end. */
  readonly memory: readonly [number, number];
  readonly seconds: number;
}

const dataset = shapes({ count: 48, seed: 3 });

/** Faults of the first `count` steps or so. */
function planOf({ seed, workers, faults, hangs, kinds }: Storm, random: RandomStream): Planned[] {
  const plan: Planned[] = [];
  const draw = (counter: number, choices: number): number => random.integer(choices, plan.length, counter);
  const quick = kinds ?? KINDS.filter((kind) => kind !== "hang");
  let step = 0;
  let thrown = false;
  while (plan.length < faults) {
    const id = seed * 100_000 + plan.length;
    const points = Object.keys(POINTS) as Point[];
    // Evaluation comes after every fourth step only; its point is the last.
    const evaluates = step % 4 === 0 && step > 0 && draw(0, 2) === 0;
    const point = points[evaluates ? points.length - 1 : draw(1, points.length - 1)];
    const kind: Kind = !kinds && plan.length % hangs === hangs >> 1 ? "hang" : quick[draw(2, quick.length)];
    const throws = kind === "throw" || kind === "uncaught";
    if (!(throws && thrown)) plan.push({ id, step, worker: draw(4, workers), point, nth: draw(5, POINTS[point]), kind });
    thrown ||= throws;
    // At most two in a step.
    if (draw(6, 3) > 0 || plan.at(-2)?.step === step || (throws && thrown)) {
      step += 1 + draw(7, 2);
      thrown = false;
    }
  }
  return plan;
}

interface Thread {
  readonly id: number;
  readonly loaded: boolean;
  readonly pool: { readonly threads: readonly Worker[] };
}

interface Inside {
  readonly crew: { readonly living: Set<Thread> };
  readonly backend: { readonly memory: WebAssembly.Memory };
}

const mebibytes = ({ backend }: Inside): number => new Int32Array(backend.memory.buffer)[16] / 16;

/** Trains `steps` steps and tells every number that comes out. */
async function train(pool: Pool, steps: number, variant: Storm["variant"], between: (step: number) => void): Promise<string[]> {
  const grouped = variant === "group norm";
  const loader = new DataLoader(dataset, { batchSize: 16, shuffle: true, seed: 9, shards: 4, bnGroup: grouped ? 4 : 0 });
  const told: string[] = [];
  let waiting: RawBatch[] = [];
  for (let epoch = 0; pool.optimizer.steps < steps; epoch++)
    for await (const batch of loader.epoch(epoch)) {
      waiting.push(batch);
      if (waiting.length < (grouped ? 2 : 1) || pool.optimizer.steps >= steps) continue;
      between(pool.optimizer.steps);
      const { loss, correct, gradNorm, observations } = await pool.step(waiting, grouped ? {} : { clipGrad: 0.5 });
      told.push([loss, correct, gradNorm, JSON.stringify(observations), pool.optimizer.steps].join(" "));
      waiting = [];
      if (pool.optimizer.steps % 4 === 0) told.push((await pool.evaluate(batch, { ema: true })).losses.join(" "));
      told.push(digest(pool.model));
    }
  return [...told, pool.ema!.swapped(() => digest(pool.model))];
}

function differenceOf(found: readonly string[], wanted: readonly string[]): string | null {
  const at = wanted.findIndex((line, index) => line !== found[index]);
  return at < 0 ? null : `line ${at} of ${wanted.length}: ${found[at]}, wanted ${wanted[at]}`;
}

function counted(names: readonly string[]): { [name: string]: number } {
  const counts: { [name: string]: number } = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

export async function storm(given: Storm): Promise<Report> {
  const begin = performance.now();
  const { seed, workers, variant, seconds, plant = "" } = given;
  const random = stream(seed, "storm");
  const plan = planOf(given, random);
  const steps = plan[plan.length - 1].step + 2;
  const grouped = variant === "group norm";
  const shared = { optimizer: grouped ? "adamw" : "sgd", dropout: true, batchesPerStep: grouped ? 2 : 1 };
  const local = new LocalPool(program, { options: { ...shared, plant, plan: [], marks: "" }, emaDecay: 0.9 });
  const wanted = await train(local, steps, variant, () => {});
  await local.close();
  const marks = mkdtempSync(join(tmpdir(), "perpend-storm-"));
  const module = new URL("./program.ts", import.meta.url);
  const options = { ...shared, plant, plan: plan.map((fault) => ({ ...fault })), marks };
  plantInTeam(plant);
  const team = await createTeam({
    module,
    workers,
    shards: 4,
    options,
    emaDecay: 0.9,
    ...(seconds && { patience: { least: seconds, first: seconds, factor: 0 } }),
  });
  const inside = team as unknown as Inside;
  const channel = new BroadcastChannel("storm");
  channel.onmessage = (event) => {
    const { data } = event as { data: unknown };
    for (const { id, pool } of inside.crew.living) if (id === data) void pool.threads[0]?.terminate();
  };
  let struck = 0;
  let before = 0;
  const faults: Fault[] = [];
  const strike = (step: number): void => {
    if (step === 1) before = mebibytes(inside);
    faults.push(...team.takeFaults());
    if (random.integer(8, step, 8) > 0) return;
    setTimeout(
      () => {
        // Node 20 ends the process where a thread is ended while it requires a module.
        const all = [...inside.crew.living].filter(({ loaded }) => loaded);
        const thread = all[random.integer(Math.max(1, all.length), step, 9)]?.pool.threads[0];
        if (thread === undefined) return;
        struck++;
        void thread.terminate();
      },
      random.integer(30, step, 10),
    );
  };
  const found = await train(team, steps, variant, strike);
  faults.push(...team.takeFaults());
  const memory = [before, mebibytes(inside)] as const;
  await team.close();
  channel.close();
  const fired = new Set(readdirSync(marks));
  rmSync(marks, { recursive: true });
  const happened = plan.filter(({ id }) => fired.has(String(id)));
  return {
    storm: given,
    difference: differenceOf(found, wanted),
    steps,
    fired: counted(happened.map(({ kind }) => kind)),
    points: counted(happened.map(({ point }) => point)),
    struck,
    reported: counted(faults.map(({ kind }) => kind)),
    left: inside.crew.living.size,
    memory,
    seconds: (performance.now() - begin) / 1000,
  };
}

const [asked] = process.argv.slice(2);
if (asked !== undefined) {
  const given = JSON.parse(asked) as Storm;
  const report = await storm(given);
  process.stdout.write(`${JSON.stringify(report)}\n`, () => given.plant && process.exit());
  // Who leaves something behind does not end. (A mistake may.)
  setTimeout(() => process.exit(7), 20_000).unref();
}
