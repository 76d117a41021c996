// The runs that the page shows, whoever computes them. Who subscribes is told of changes, a few times a second.
import type { RunView } from "./run-view.ts";

/** Milliseconds between two drawings. */
const PERIOD = 150;

/** One run on the page. */
export interface Seat {
  readonly id: string;
  readonly view: RunView;
  /** What repeats it in a terminal. */
  readonly command: string | undefined;
}

export class Runs<S extends Seat = Seat> {
  readonly seats: readonly S[];
  readonly views: readonly RunView[];
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(seats: readonly S[]) {
    this.seats = seats;
    this.views = seats.map(({ view }) => view);
  }

  /** Whether any run still goes on or stands still. */
  get isUnderWay(): boolean {
    return this.views.some(({ state }) => state === "preparing" || state === "running" || state === "paused");
  }

  protected changed(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const listener of this.listeners) listener();
    }, PERIOD);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
