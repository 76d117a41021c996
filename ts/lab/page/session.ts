// The runs on the page and the workers that compute them. Who subscribes is told of changes, at most once a frame.
import type { DataSource } from "../data-source.ts";
import type { LabSettings } from "../fields.ts";
import type { FromWorker, RunOrder, ToWorker } from "../protocol.ts";
import { runsOf } from "../settings.ts";
import type { Storage, StoredSession } from "../storage.ts";
import { RunView } from "./run-view.ts";

/** A run and its worker, if there is one. */
export interface Seat {
  readonly id: string;
  readonly view: RunView;
  readonly command: string | undefined;
  readonly worker: Worker | null;
}

const WORKER = new URL("worker.js", import.meta.url);

export class Session {
  readonly id: string;
  readonly lab: LabSettings;
  readonly source: DataSource;
  readonly seats: readonly Seat[];
  private readonly storage: Storage | null;
  private readonly listeners = new Set<() => void>();
  private readonly wanted = new Map<string, (bytes: Uint8Array<ArrayBuffer>) => void>();
  private frame = 0;
  private release: () => void = () => {};

  constructor(kept: Omit<StoredSession, "startedAt" | "runs">, storage: Storage | null) {
    this.id = kept.id;
    this.lab = kept.lab;
    this.source = kept.source;
    this.storage = storage;
    this.seats = runsOf(this.lab).map(({ label, command }, index) => {
      const worker = new Worker(WORKER, { type: "module", name: label });
      const seat = { id: `${kept.id}/${index}`, view: new RunView(label), command, worker };
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.take(seat, data);
      // A module that cannot be loaded says nothing but that.
      worker.onerror = (event) =>
        this.fail(seat, event.message ? `worker: ${event.message}` : `worker: ${WORKER.href} could not be loaded`);
      return seat;
    });
  }

  /** Begins, or goes on from what is kept. */
  async start({ resume, threads }: { readonly resume: boolean; readonly threads: number }): Promise<void> {
    // Held as long as the page lives, so that another page does not take the runs up.
    if ("locks" in navigator) void navigator.locks.request(lockOf(this.id), () => new Promise<void>((resolve) => (this.release = resolve)));
    const { id, lab, source } = this;
    if (!resume) {
      const kept = { id, lab, source, runs: this.seats.map((seat) => seat.id), startedAt: new Date().toISOString() };
      await this.storage?.saveSession(kept).catch(() => {});
    }
    runsOf(lab).forEach(({ label, settings, command }, index) => {
      const order: RunOrder = { id: this.seats[index].id, label, settings, command, source, threads };
      this.say(this.seats[index], { type: "start", order, resume });
    });
  }

  private say(seat: Seat, message: ToWorker): void {
    seat.worker?.postMessage(message);
  }

  private sayAll(message: ToWorker): void {
    for (const seat of this.seats) this.say(seat, message);
  }

  pause(): void {
    this.sayAll({ type: "pause" });
  }

  continue(): void {
    this.sayAll({ type: "continue" });
  }

  stop(): void {
    this.sayAll({ type: "stop" });
  }

  /** The bytes of a checkpoint of a run, as it stands after the step under way. */
  checkpoint(seat: Seat): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve) => {
      this.wanted.set(seat.id, resolve);
      this.say(seat, { type: "checkpoint" });
    });
  }

  private take(seat: Seat, message: FromWorker): void {
    const { view } = seat;
    if (message.type === "events") view.add(message.events);
    if (message.type === "state") {
      view.state = message.state;
      view.failure = message.message;
    }
    if (message.type === "notice") view.notices = [...view.notices, message.message];
    if (message.type === "kept") view.keptStep = message.step;
    if (message.type === "checkpoint") {
      this.wanted.get(seat.id)?.(message.bytes);
      this.wanted.delete(seat.id);
    }
    view.version++;
    this.changed();
  }

  private fail({ view }: Seat, message: string): void {
    view.state = "failed";
    view.failure = message;
    view.version++;
    this.changed();
  }

  private changed(): void {
    if (this.frame !== 0) return;
    // A page in the background has no frames, and nobody looks at it.
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      for (const listener of this.listeners) listener();
    });
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ends the workers; what is kept stays. */
  close(): void {
    for (const { worker } of this.seats) worker?.terminate();
    this.release();
  }
}

function lockOf(session: string): string {
  return `perpend-lab/${session}`;
}

/** Whether another page has these runs. */
export async function isHeldElsewhere(session: string): Promise<boolean> {
  if (!("locks" in navigator)) return false;
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === lockOf(session));
}
