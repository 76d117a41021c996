// Trains, evaluates and saves until its time is over, with pools that come and go, and prints what it uses as it goes: a line of JSON each
// time. Runs as plain JavaScript of build/test/long, node --expose-gc soak-program.js MINUTES FOLDER.
import { existsSync, readdirSync } from "node:fs";
import * as perpend from "../../ts/node.ts";
import { cases, openHere, trainerOf, type Case } from "../runtimes/cases.ts";

/** What the process uses after so many hours and steps. Memory in MiB. */
export interface Usage {
  readonly hours: number;
  readonly steps: number;
  readonly resident: number;
  readonly heap: number;
  readonly external: number;
  /** 0 where the system does not tell. */
  readonly threads: number;
  readonly handles: number;
}

/** Steps between checkpoints, and checkpoints in the life of a pool. */
const STEPS = 8;
const SAVES = 5;
/** Threads of one pool after the other. */
const WORKERS = [2, 0, 3];
const MIB = 1024 * 1024;

const [minutes, folder] = [Number(process.argv[2]), process.argv[3]];
const begin = performance.now();
const hours = (): number => (performance.now() - begin) / 3_600_000;
const entries = (path: string): number => (existsSync(path) ? readdirSync(path).length : 0);

function usage(steps: number): Usage {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const memory = { resident: rss / MIB, heap: heapUsed / MIB, external: external / MIB };
  return { hours: hours(), steps, ...memory, threads: entries("/proc/self/task"), handles: entries("/proc/self/fd") };
}

async function open(name: string, given: Case, workers: number): Promise<perpend.Pool> {
  if (workers === 0) return openHere(perpend, given);
  const module = new URL("../runtimes/team-program.js", import.meta.url);
  return perpend.createTeam({ module, workers, options: { name }, ...(given.emaDecay !== undefined && { emaDecay: given.emaDecay }) });
}

/** The life of a pool: from the last checkpoint on for so many further ones. Returns the steps of the run so far. */
async function live(name: string, workers: number, from: number): Promise<number> {
  const given = cases[name];
  const pool = await open(name, given, workers);
  const store = new perpend.CheckpointStore({ dir: `${folder}/${name}` });
  let steps = from;
  for (let save = 0; save < SAVES; save++) {
    const last = await store.latest();
    steps += STEPS;
    const trainer = trainerOf(perpend, given, 1, pool, {
      maxSteps: steps,
      schedule: perpend.schedule.constant({ lr: 0.001 }),
      save: (checkpoint, { step }) => store.save(step, perpend.encodeCheckpoint(checkpoint)),
      digests: { record: () => undefined },
    });
    if (last !== undefined) trainer.resume(last.checkpoint);
    for await (const event of trainer.fit()) void event;
  }
  await pool.close();
  return steps;
}

let steps = 0;
for (let round = 0; round < 12 || hours() * 60 < minutes; round++) {
  const from = steps;
  for (const workers of WORKERS) steps = await live("orthogonal", workers, steps);
  // A run of another model over the same steps, so that memory is asked for in other sizes too.
  for (let life = 0, at = from; life < WORKERS.length; life++) at = await live("mixed", WORKERS[life], at);
  await new Promise((done) => setTimeout(done, 200));
  console.log(JSON.stringify(usage(2 * steps)));
}
