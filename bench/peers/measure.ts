// Measures peers beside each other: all are started and warmed up, then take turns, one step each a round.
import type { Entry, Work } from "./list.ts";
import { PeerProcess } from "./process.ts";
import { checkedSteps, differenceOf, referenceLosses } from "./reference.ts";
import type { Answer } from "./serve.ts";
import type { Row } from "./table.ts";

export interface MeasureOptions {
  readonly rounds: number;
  /** No new step of a peer that has taken as long as this in timed steps, but one at least. */
  readonly seconds: number;
  readonly say: (line: string) => void;
}

export interface Outcome {
  readonly rows: Row[];
  /** Who was left out, and how to get it. */
  readonly skipped: string[];
  /** Who failed, or ran another net. */
  readonly failed: string[];
}

/** A first step that takes longer ends the warm-up. */
const slowStep = 10_000;

class Runner {
  readonly entry: Entry;
  readonly process: PeerProcess;
  readonly ready: Answer;
  readonly ms: number[] = [];
  readonly losses: number[] = [];
  memory = 0;
  failure: string | null = null;

  constructor(entry: Entry, process: PeerProcess, ready: Answer) {
    this.entry = entry;
    this.process = process;
    this.ready = ready;
  }

  get label(): string {
    return [this.ready.library ?? this.entry.id, ...(this.entry.detail === "" ? [] : [this.entry.detail])].join(", ");
  }

  /** Milliseconds of one step; null where the peer failed. */
  async step(): Promise<number | null> {
    const { peer, ms = NaN, loss = NaN, memory = 0, reason } = await this.process.step();
    if (peer !== "step") {
      this.failure = reason ?? "no answer";
      return null;
    }
    this.losses.push(loss);
    this.memory = memory;
    return ms;
  }

  /** The steps of which the first losses are compared; of slow peers only the first, so that the others are timed and compared. */
  async warmUp(): Promise<void> {
    for (let step = 0; step < checkedSteps; step++) {
      const ms = await this.step();
      if (ms === null || ms > slowStep) return;
    }
  }

  get spent(): number {
    return this.ms.reduce((sum, ms) => sum + ms, 0);
  }
}

/** One work at one number of threads. */
export async function measure(
  work: Work,
  threads: number,
  file: string,
  entries: readonly Entry[],
  options: MeasureOptions,
): Promise<Outcome> {
  const { rounds, seconds, say } = options;
  const runners: Runner[] = [];
  const skipped: string[] = [];
  const failed: string[] = [];
  for (const entry of entries) {
    if (entry.command === null) {
      skipped.push(`${entry.id}: not installed (${entry.install})`);
      continue;
    }
    const { depth, net, work: kind } = work;
    const batch = entry.batch ?? work.batch;
    const peer = new PeerProcess(entry.command, { file, work: kind, net, depth, batch, threads, form: entry.form }, entry.env);
    const answer = await peer.next();
    const runner = new Runner(entry, peer, answer);
    runners.push(runner);
    if (answer.peer === "missing") skipped.push(`${entry.id}: ${answer.reason} not installed (${entry.install})`);
    else if (answer.peer !== "ready") failed.push(`${entry.id}: ${answer.reason}`);
    if (answer.peer !== "ready") runners.pop();
    else {
      say(`  ${runner.label}, ${answer.runtime}`);
      await runner.warmUp();
    }
  }
  for (let round = 0; round < rounds; round++)
    for (const runner of runners) {
      if (runner.failure !== null || (round > 0 && (runner.ms.length < round || runner.spent > 1000 * seconds))) continue;
      const ms = await runner.step();
      if (ms !== null) runner.ms.push(ms);
    }
  const wanted = new Map<number, number[]>();
  for (const runner of runners) {
    const { entry, process, losses, label } = runner;
    await process.close();
    const batch = entry.batch ?? work.batch;
    if (!wanted.has(batch)) wanted.set(batch, await referenceLosses({ ...work, file, batch }));
    runner.failure ??= differenceOf(losses, wanted.get(batch)!);
    if (runner.failure !== null) failed.push(`${label}: ${runner.failure}`);
  }
  const rows = runners
    .filter(({ failure }) => failure === null)
    .map(({ entry, label, ready, ms, memory }): Row => ({
      peer: entry.batch ? `${label}, batch ${entry.batch}` : label,
      runtime: ready.runtime ?? "",
      threads,
      batch: entry.batch ?? work.batch,
      ms,
      memory,
      own: entry.id === "perpend",
    }));
  return { rows, skipped, failed };
}
