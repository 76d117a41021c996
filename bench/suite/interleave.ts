// Measures variants in turn, round by round, so that what disturbs the machine for a while disturbs all of them: each round is one
// tinybench run over all variants, every second one backwards.
import { Bench } from "tinybench";
import { median } from "./statistics.ts";

/** What a variant may say itself of a run. */
export interface Duration {
  /** Milliseconds that it counts for. */
  readonly overriddenDuration: number;
  /** Milliseconds that it took. */
  readonly overriddenIterationCost: number;
}

export interface Variant {
  readonly name: string;
  /** Does it once; may give a Duration, or a promise of one. */
  readonly run: () => unknown;
  /** Whether it returns a promise. */
  readonly isAsync?: boolean;
  /** CPU milliseconds spent so far; by default those of this process. */
  readonly cpu?: () => number;
}

/** A variant's rounds, in milliseconds a call. */
export interface Series {
  readonly name: string;
  /** Median of each round. */
  readonly medians: readonly number[];
  /** Fastest call of all. */
  readonly best: number;
  /** CPU time over wall time, the median of the rounds. */
  readonly cpu: number;
  /** CPU time of a call in each round: what others take from a core is not in it. */
  readonly cpuTimes: readonly number[];
}

export interface Rounds {
  readonly rounds: number;
  /** Milliseconds that a variant runs in a round, at least; 0 for a single call. */
  readonly time: number;
  /** Milliseconds and calls before the first round. */
  readonly warmupTime?: number;
  readonly warmupCalls?: number;
}

/** CPU milliseconds of this process so far. */
export function processCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Round {
  readonly median: number;
  readonly best: number;
  readonly cpu: number;
  readonly cpuTime: number;
}

async function measureOnce(variants: readonly Variant[], { time }: Rounds): Promise<Map<string, Round>> {
  const counters = new Map(variants.map(({ name, cpu = processCpu }) => [name, cpu]));
  const clocks = (name: string): readonly [number, number] => [performance.now(), counters.get(name)!()];
  const starts = new Map<string, readonly [number, number]>();
  const passed = new Map<string, readonly [number, number]>();
  const bench = new Bench({
    iterations: 1,
    time,
    warmup: false,
    throws: true,
    setup: (task) => void starts.set(task!.name, clocks(task!.name)),
    teardown: (task) => {
      const [wall, spent] = clocks(task!.name);
      const [wallBefore, spentBefore] = starts.get(task!.name)!;
      passed.set(task!.name, [wall - wallBefore, spent - spentBefore]);
    },
  });
  for (const { name, run, isAsync = false } of variants) bench.add(name, run, { async: isAsync });
  await bench.run();
  return new Map(
    bench.tasks.map(({ name, result }) => {
      if (!("latency" in result)) throw new Error(`${name}: ${result.state}, a result is wanted`);
      const [wall, cpu] = passed.get(name)!;
      const { p50, min, samplesCount } = result.latency;
      return [name, { median: p50, best: min, cpu: cpu / wall, cpuTime: cpu / samplesCount }];
    }),
  );
}

/** Measures all variants, whose names differ, in each of the rounds. */
export async function interleave(variants: readonly Variant[], rounds: Rounds): Promise<Series[]> {
  for (const { run } of variants) {
    const start = performance.now();
    for (let calls = 0; calls < (rounds.warmupCalls ?? 0) || performance.now() - start < (rounds.warmupTime ?? 0); calls++) await run();
  }
  const measurements: Map<string, Round>[] = [];
  for (let round = 0; round < rounds.rounds; round++)
    measurements.push(await measureOnce(round % 2 === 0 ? variants : [...variants].reverse(), rounds));
  return variants.map(({ name }) => {
    const own = measurements.map((measurement) => measurement.get(name)!);
    return {
      name,
      medians: own.map((round) => round.median),
      best: Math.min(...own.map((round) => round.best)),
      cpu: median(own.map((round) => round.cpu)),
      cpuTimes: own.map((round) => round.cpuTime),
    };
  });
}
