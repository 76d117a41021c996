// Threads that hold different shards of a batch, played one after the other on one thread: each runs until it needs what another
// has not given yet, and is run again from the start once all have. Results of an exchange are overwritten two exchanges later, as
// the contract allows.
import { shardStart, type Backend, type BatchSlice, type Buffer, type Exchange } from "../../ts/autograd/index.ts";

/** Thrown out of a thread's run when it has to wait. */
class Pause extends Error {}

class Round {
  readonly values: Float64Array;
  readonly given = new Set<number>();

  constructor(total: number) {
    this.values = new Float64Array(total).fill(NaN);
  }
}

class ReplayExchange implements Exchange {
  private readonly backend: Backend;
  private readonly thread: number;
  private readonly threads: number;
  private readonly rounds: Round[];
  private readonly results: (Buffer | null)[] = [null, null];
  private readonly waiting: (() => void)[] = [];
  private calls = 0;

  constructor(backend: Backend, thread: number, threads: number, rounds: Round[]) {
    this.backend = backend;
    this.thread = thread;
    this.threads = threads;
    this.rounds = rounds;
  }

  share(local: Buffer, offset: number, total: number): Buffer {
    const call = this.calls++;
    const round = (this.rounds[call] ??= new Round(total));
    if (round.values.length !== total)
      throw new Error(`exchange ${call}: ${total} values, wanted ${round.values.length} as another thread`);
    if (!round.given.has(this.thread)) {
      round.values.set(this.backend.readSync!(local).subarray(0, local.length), offset);
      round.given.add(this.thread);
    }
    if (round.given.size < this.threads) throw new Pause();
    const before = this.results[call % 2];
    if (before) this.backend.fill(before, NaN);
    const result = this.backend.allocate(total);
    this.backend.write(result, round.values);
    this.results[call % 2] = result;
    return result;
  }

  later(work: () => void): void {
    this.waiting.push(work);
  }

  settle(): void {
    for (const work of this.waiting.splice(0)) work();
  }
}

/**
 * Runs a step on threads that hold shards `ranges[t]` to `ranges[t + 1] - 1` of the batch, and gives the result of each.
 * `run` must begin anew every time. Error: threads that do not meet in the same exchanges.
 */
export function onThreads<T>(backend: Backend, whole: BatchSlice, ranges: readonly number[], run: (slice: BatchSlice) => T): T[] {
  const threads = ranges.length - 1;
  const rounds: Round[] = [];
  for (let progress = -1; ;) {
    const results: T[] = [];
    for (let thread = 0; thread < threads; thread++) {
      const exchange = new ReplayExchange(backend, thread, threads, rounds);
      try {
        const result = run({ ...whole, first: ranges[thread], last: ranges[thread + 1], ranges, exchange });
        exchange.settle();
        results.push(result);
      } catch (error) {
        if (!(error instanceof Pause)) throw error;
      }
    }
    if (results.length === threads) return results;
    const given = rounds.reduce((sum, round) => sum + round.given.size, 0);
    if (given === progress)
      throw new Error(`exchange: of ${threads} threads some are done and others wait, wanted all in the same exchanges`);
    progress = given;
  }
}

/** Local samples of a slice: from, to. */
export function samplesOf(slice: BatchSlice): [number, number] {
  return [shardStart(slice, slice.first), shardStart(slice, slice.last)];
}

/** Every way to cut `shards` into ranges, without empty ones. */
export function partitions(shards: number): number[][] {
  return Array.from({ length: 1 << (shards - 1) }, (_, cuts) => [
    0,
    ...Array.from({ length: shards - 1 }, (_none, at) => at + 1).filter((at) => (cuts >> (at - 1)) & 1),
    shards,
  ]);
}
