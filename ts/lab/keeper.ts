// Keeps the state of a run in the browser's storage while it goes on: after a while, when it stands still, and at its end.
import type { Checkpoint, RunEvent, SamplesEvent } from "../train/index.ts";
import type { RunStore, StoredRun } from "./storage.ts";

/** Milliseconds between two savings at least, and as a multiple of what one takes. */
const INTERVAL = 5000;
const SHARE = 30;

export interface KeeperOptions {
  readonly id: string;
  readonly steps: number;
  /** Null where the browser keeps nothing. */
  readonly storage: RunStore | null;
  /** What is kept so far. */
  readonly before?: StoredRun | undefined;
  readonly onKept: (step: number) => void;
  /** Told once when it cannot be kept. */
  readonly onTrouble: (message: string) => void;
}

export class Keeper {
  private readonly options: KeeperOptions;
  private events: RunEvent[] = [];
  private samples: SamplesEvent | null;
  private pieces: number;
  private next: number;
  private broken = false;

  constructor(options: KeeperOptions) {
    this.options = options;
    this.samples = options.before?.samples ?? null;
    this.pieces = options.before?.pieces ?? 0;
    this.next = performance.now() + INTERVAL;
  }

  /** Takes note of an event; of samples the newest. */
  note(event: RunEvent): void {
    if (event.type === "samples") this.samples = event;
    else this.events.push(event);
  }

  get isDue(): boolean {
    return performance.now() >= this.next;
  }

  /** Saves a state that the run can go on from. */
  async save(checkpoint: Checkpoint, step: number, finished = false): Promise<void> {
    const { id, steps, storage, onKept, onTrouble } = this.options;
    if (storage === null || this.broken) return;
    const begin = performance.now();
    const { events } = this;
    this.events = [];
    if (events.length > 0) this.pieces++;
    try {
      await storage.saveRun({ id, checkpoint, step, steps, samples: this.samples, finished, pieces: this.pieces }, events);
      onKept(step);
    } catch (error) {
      this.broken = true;
      onTrouble(`This run is not kept in the browser: ${(error as Error).message}. Training goes on, but closing the page would lose it.`);
    }
    const now = performance.now();
    this.next = now + Math.max(INTERVAL, SHARE * (now - begin));
  }
}
