// Runs that are computed here, each by a worker of its own.
import type { DataSource, GivenFile } from "../given-data.ts";
import type { LabSettings } from "../fields.ts";
import type { FromWorker, RunOrder, ToWorker } from "../protocol.ts";
import { runsOf } from "../settings.ts";
import type { Storage, StoredSession } from "../storage.ts";
import { RunView } from "./run-view.ts";
import { Runs, type Seat } from "./runs.ts";

interface WorkerSeat extends Seat {
  readonly worker: Worker;
}

const WORKER = new URL("worker.js", import.meta.url);

function seatsOf({ id, lab }: Pick<StoredSession, "id" | "lab">): WorkerSeat[] {
  return runsOf(lab).map(({ label, command }, index) => ({
    id: `${id}/${index}`,
    view: new RunView(label),
    command,
    worker: new Worker(WORKER, { type: "module", name: label }),
  }));
}

/** Bytes that are copied at once: the page draws in between. */
const PIECE = 4 * 2 ** 20;

async function copyOf(file: Blob): Promise<Blob> {
  const pieces: Blob[] = [];
  for (let at = 0; at < file.size; at += PIECE) pieces.push(new Blob([await file.slice(at, at + PIECE).arrayBuffer()]));
  return pieces.length === 1 ? pieces[0] : new Blob(pieces);
}

type Handed = Extract<FromWorker, { type: "checkpoint" }>;

export interface StartOptions {
  readonly resume?: boolean;
  readonly further?: boolean;
  readonly threads: number;
}

export class Session extends Runs<WorkerSeat> {
  readonly id: string;
  readonly lab: LabSettings;
  readonly source: DataSource;
  private readonly storage: Storage | null;
  private readonly wanted = new Map<string, (handed: Handed) => void>();
  private release: () => void = () => {};

  constructor({ id, lab, source }: Pick<StoredSession, "id" | "lab" | "source">, storage: Storage | null) {
    super(seatsOf({ id, lab }));
    this.id = id;
    this.lab = lab;
    this.source = source;
    this.storage = storage;
    for (const seat of this.seats) {
      seat.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.take(seat, data);
      // Of a file that cannot be loaded an error event tells nothing.
      seat.worker.onerror = (event) => {
        event.preventDefault();
        const why = event.message ? `${WORKER.href}: ${event.message}` : `${WORKER.href} could not be loaded, nor run as a module`;
        this.take(seat, { type: "state", state: "failed", message: `The worker ended: ${why}` });
      };
    }
  }

  /** Begins, or goes on from what is kept: of runs that were stopped only where they are to go further. */
  async start({ resume = false, further = false, threads }: StartOptions): Promise<void> {
    // Held as long as the page lives, so that another page does not take the runs up.
    if ("locks" in navigator) void navigator.locks.request(lockOf(this.id), () => new Promise<void>((resolve) => (this.release = resolve)));
    const { id, lab, source } = this;
    if (!resume) {
      const kept = { id, lab, source, runs: this.seats.map((seat) => seat.id), startedAt: new Date().toISOString() };
      await this.storage?.saveSession(kept).catch(() => {});
      void this.keepFiles(kept);
    }
    runsOf(lab).forEach(({ label, settings, command }, index) => {
      const seat = this.seats[index];
      seat.view.state = "preparing";
      const order: RunOrder = { id: seat.id, label, settings, command, source, threads };
      say(seat, { type: "start", order, resume, further });
    });
    this.changed();
  }

  /** A file that a browser keeps may still be the one on the disk, which can go: what is kept is a copy. */
  private async keepFiles(kept: StoredSession): Promise<void> {
    if (kept.source.kind !== "files" || !this.storage) return;
    try {
      const files: GivenFile[] = [];
      for (const { path, file } of kept.source.files) files.push({ path, file: await copyOf(file) });
      await this.storage.saveSession({ ...kept, source: { ...kept.source, files } });
    } catch {
      // No room for the copy: the files themselves have to be there.
    }
  }

  /** Whether runs were stopped and can go on from what is kept. */
  get canGoFurther(): boolean {
    const stopped = this.views.filter(({ end }) => end?.reason === "stopped");
    return !this.isUnderWay && stopped.length > 0 && stopped.every(({ keptStep, step }) => keptStep === step);
  }

  private sayAll(message: ToWorker): void {
    for (const seat of this.seats) say(seat, message);
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

  /** A checkpoint of a run, as it stands after the step under way. */
  checkpoint(id: string): Promise<Handed> {
    return new Promise((resolve) => {
      const seat = this.seats.find((each) => each.id === id);
      if (!seat) return;
      this.wanted.set(id, resolve);
      say(seat, { type: "checkpoint" });
    });
  }

  private take({ id, view }: Seat, message: FromWorker): void {
    if (message.type === "events") view.add(message.events);
    if (message.type === "state") {
      view.state = message.state;
      view.failure = message.message;
    }
    if (message.type === "notice") view.notices = [...view.notices, message.message];
    if (message.type === "kept") view.keptStep = message.step;
    if (message.type === "checkpoint") {
      this.wanted.get(id)?.(message);
      this.wanted.delete(id);
    }
    this.changed();
  }

  /** Ends the workers; what is kept stays. */
  close(): void {
    for (const { worker } of this.seats) worker.terminate();
    this.release();
  }
}

function say({ worker }: WorkerSeat, message: ToWorker): void {
  worker.postMessage(message);
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
