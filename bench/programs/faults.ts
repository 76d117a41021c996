// A process that measures what faults cost: teams train one net, one of them without what faults need; workers of another are ended and
// hang. Answers with one message.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { createTeam, stream, type JsonObject, type Pool, type RawBatch } from "../../ts/node.ts";
import { DigestChain } from "../../ts/train/digest-chain.ts";
import type { TaskMaker } from "../../workers/crew.ts";
import { CONTROL } from "../../workers/protocol.ts";
import { bindInPlace } from "./faulty.ts";

export interface FaultsJob {
  readonly depth: number;
  readonly batch: number;
  readonly workers: number;
  readonly rounds: number;
  readonly kills: number;
  readonly hangs: number;
}

/** Milliseconds. */
export interface FaultsAnswer {
  /** Steps of a team as it is and of a bare one, made in turn: by the clock, and CPU time of all threads. */
  readonly steps: readonly number[];
  readonly bare: readonly number[];
  readonly stepsCpu: readonly number[];
  readonly bareCpu: readonly number[];
  readonly digests: readonly number[];
  /** From the end of a thread until the step is being done again, and what the step took from then on over a usual one. */
  readonly recoveries: readonly number[];
  readonly extras: readonly number[];
  /** From the beginning of a step in which a worker hangs until that is found, and what was allowed. */
  readonly hangs: readonly number[];
  readonly limits: readonly number[];
}

const SIDE = 32;
const CLASSES = 10;
/** Steps that tell nothing yet. */
const WARMUP = 5;

interface Thread {
  readonly pool: { readonly threads: readonly Worker[]; run(task: unknown): Promise<{ readonly value: unknown }> };
}

interface Inside {
  readonly crew: {
    readonly words: Int32Array;
    readonly living: ReadonlySet<Thread>;
    readonly seats: readonly { readonly thread: Thread }[];
    attempt: (task: TaskMaker, seconds: number) => Promise<unknown>;
    endHung: (...values: unknown[]) => unknown;
    gather: () => Promise<void>;
  };
  readonly store: { bind: unknown };
}

const { depth, batch, workers, rounds, kills, hangs } = JSON.parse(process.argv[2]) as FaultsJob;
const folder = mkdtempSync(join(tmpdir(), "perpend-bench-"));
const hang = join(folder, "hang");
const images = stream(1, "bench").fillNormal(new Float32Array(batch * SIDE * SIDE * 3)) as Float32Array;
const labels = Array.from({ length: batch }, (_, index) => index % CLASSES);

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** One task a worker and no watch over them. */
function bareAttempt({ crew }: Inside): (task: TaskMaker) => Promise<unknown> {
  return async (taskOf) => {
    const { words, seats } = crew;
    for (const word of [CONTROL.arrived, CONTROL.generation, CONTROL.abort]) Atomics.store(words, word, 0);
    const answers = await Promise.all(
      seats.map(({ thread }, worker) => thread.pool.run(taskOf({ worker, workers: seats.length, ticket: 0 }))),
    );
    return { answers: answers.map(({ value }) => value), setbacks: [] };
  };
}

async function open(options: JsonObject): Promise<Pool> {
  const team = await createTeam({
    module: new URL("./faulty.js", import.meta.url),
    workers,
    options: { depth, skip: "additive", ...options },
  });
  if (options["bare"] === true) {
    const inside = team as unknown as Inside;
    inside.crew.attempt = bareAttempt(inside);
    inside.store.bind = bindInPlace;
    bindInPlace.call(inside.store as never);
  }
  return team;
}

async function step(team: Pool): Promise<{ readonly ms: number; readonly cpu: number; readonly digest: (chain: DigestChain) => number }> {
  const raw: RawBatch = { images, labels, size: batch, shape: [batch, SIDE, SIDE, 3], epoch: 0, step: team.optimizer.steps };
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await team.step(raw);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const digest = (chain: DigestChain): number => {
    const before = performance.now();
    chain.add(team.optimizer.steps, result);
    return performance.now() - before;
  };
  return { ms, cpu: (user + system) / 1000, digest };
}

async function inTurn(): Promise<Pick<FaultsAnswer, "steps" | "bare" | "stepsCpu" | "bareCpu" | "digests">> {
  const teams = [await open({}), await open({ bare: true })];
  const chain = new DigestChain(teams[0]);
  chain.begin(0);
  const found = teams.map(() => ({ ms: [] as number[], cpu: [] as number[] }));
  const digests: number[] = [];
  for (let round = -WARMUP; round < rounds; round++)
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const { ms, cpu, digest } = await step(teams[which]);
      const hashing = which === 0 ? digest(chain) : 0;
      if (round < 0) continue;
      found[which].ms.push(ms);
      found[which].cpu.push(cpu);
      if (which === 0) digests.push(hashing);
    }
  for (const team of teams) await team.close();
  return { steps: found[0].ms, bare: found[1].ms, stepsCpu: found[0].cpu, bareCpu: found[1].cpu, digests };
}

async function withFaults(): Promise<Pick<FaultsAnswer, "recoveries" | "extras" | "hangs" | "limits">> {
  const team = await open({ hang });
  const { crew } = team as unknown as Inside;
  const begins: number[] = [];
  const limits: number[] = [];
  const { attempt, endHung } = crew;
  crew.attempt = (task, seconds) => {
    begins.push(performance.now());
    limits.push(1000 * seconds);
    return attempt.call(crew, task, seconds);
  };
  let foundAt = 0;
  crew.endHung = (...values) => {
    foundAt = performance.now();
    return endHung.apply(crew, values);
  };
  const usual: number[] = [];
  for (let round = 0; round < WARMUP + 5; round++) usual.push((await step(team)).ms);
  const random = stream(1, "kills");
  const recoveries: number[] = [];
  const extras: number[] = [];
  const calm = async (): Promise<void> => {
    await crew.gather();
    begins.length = 0;
    limits.length = 0;
  };
  for (let kill = 0; kill < kills; kill++) {
    await calm();
    let at = 0;
    const delay = median(usual) * (0.1 + 0.08 * random.integer(10, kill));
    const timer = setTimeout(() => {
      at = performance.now();
      void [...crew.living][kill % workers].pool.threads[0]?.terminate();
    }, delay);
    await step(team);
    const end = performance.now();
    clearTimeout(timer);
    if (at > 0 && begins.length > 1) {
      recoveries.push(begins[1] - at);
      extras.push(end - at - median(usual));
    }
    await calm();
    usual.push((await step(team)).ms);
  }
  const late: number[] = [];
  const allowed: number[] = [];
  for (let round = 0; round < hangs; round++) {
    await calm();
    writeFileSync(hang, "");
    foundAt = 0;
    await step(team);
    if (foundAt === 0) continue;
    late.push(foundAt - begins[0]);
    allowed.push(limits[0]);
  }
  await team.close();
  return { recoveries, extras, hangs: late, limits: allowed };
}

const answer: FaultsAnswer = { ...(await inTurn()), ...(await withFaults()) };
rmSync(folder, { recursive: true });
process.send?.(answer, () => process.disconnect());
