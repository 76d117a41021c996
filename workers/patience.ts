// How long workers are waited for before they count as hung: twenty times the usual, at least a second.

export interface PatienceOptions {
  /** Shortest time, in seconds. */
  readonly least?: number;
  /** Times the median of the last steps. */
  readonly factor?: number;
  /** Time for the first steps, which tell nothing yet. */
  readonly first?: number;
}

/** Durations that the median is taken of, and how many of them it wants. */
const REMEMBERED = 15;
const ENOUGH = 3;
/** Looks before somebody counts as hung. */
const LOOKS = 4;
/** Longest time that timers take, in seconds. */
const LONGEST = 2e6;

export class Patience {
  private readonly options: Required<PatienceOptions>;
  /** Seconds a sample and worker, by kind of task. */
  private readonly rates = new Map<string, number[]>();

  constructor({ least = 1, factor = 20, first = 120 }: PatienceOptions = {}) {
    this.options = { least, factor, first };
  }

  /** Notes how long a task took: samples a worker, seconds. */
  note(kind: string, samples: number, seconds: number): void {
    const rates = this.rates.get(kind) ?? [];
    rates.push(seconds / samples);
    if (rates.length > REMEMBERED) rates.shift();
    this.rates.set(kind, rates);
  }

  /** The usual time of a task, in seconds, or that of another kind; null where too few were seen. */
  usual(kind: string, samples: number): number | null {
    const known = [this.rates.get(kind) ?? [], ...this.rates.values()];
    const rates = known.find(({ length }) => length >= ENOUGH);
    if (rates === undefined) return null;
    return samples * [...rates].sort((a, b) => a - b)[rates.length >> 1];
  }

  /** Seconds to wait for a task. */
  limit(kind: string, samples: number): number {
    const { least, factor, first } = this.options;
    const usual = this.usual(kind, samples);
    return usual === null ? Math.max(least, first) : Math.max(least, factor * usual);
  }
}

/**
 * Calls `hung` after so many seconds, unless stopped. Time in which this thread was busy itself or the machine slept does not count, nor
 * time in which `done` says that all is done and only the answers are on their way.
 */
export function watchForHang(seconds: number, done: () => boolean, hung: () => void): () => void {
  const pause = (1000 * Math.min(seconds, LONGEST)) / LOOKS;
  let looks = 0;
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const late = now - before > 2 * pause;
    before = now;
    if (late || done()) looks = 0;
    else if (++looks >= LOOKS) {
      clearInterval(timer);
      hung();
    }
  }, pause);
  return () => clearInterval(timer);
}
