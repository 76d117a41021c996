// What the browser keeps of runs, so that a page that was closed in mid-training goes on: IndexedDB, shared by the page and its workers.
import type { Checkpoint, RunEvent, SamplesEvent } from "../train/index.ts";
import type { LabSettings } from "./fields.ts";
import type { DataSource } from "./given-data.ts";

const NAME = "perpend-lab";
const VERSION = 1;

/** Runs that were started together. */
export interface StoredSession {
  readonly id: string;
  readonly lab: LabSettings;
  readonly source: DataSource;
  /** Ids of its runs, in order. */
  readonly runs: readonly string[];
  readonly startedAt: string;
}

/** The latest state of a run. */
export interface StoredRun {
  readonly id: string;
  readonly checkpoint: Checkpoint;
  /** Steps done, and of the whole run. */
  readonly step: number;
  readonly steps: number;
  readonly samples: SamplesEvent | null;
  /** It had come to its end. */
  readonly finished: boolean;
  /** Pieces of its log so far. */
  readonly pieces: number;
}

/** Where a run keeps its state. */
export interface RunStore {
  run(id: string): Promise<StoredRun | undefined>;
  /** The state of a run together with what happened since the last time; all of it or nothing. */
  saveRun(run: StoredRun, events: readonly RunEvent[]): Promise<void>;
  /** The log of a run. */
  events(id: string): Promise<RunEvent[]>;
}

const asked = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("storage: a request failed"));
  });

const done = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("storage: a change was given up"));
  });

/** What is kept in this browser. */
export class Storage implements RunStore {
  private readonly database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.database = database;
  }

  /** Errors: a browser that keeps nothing, as in some private windows. */
  static async open(): Promise<Storage> {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const { result } = request;
      result.createObjectStore("sessions", { keyPath: "id" });
      result.createObjectStore("runs", { keyPath: "id" });
      result.createObjectStore("events");
    };
    const database = await asked(request);
    // Another page wants a newer form of it.
    database.onversionchange = () => database.close();
    return new Storage(database);
  }

  async saveSession(session: StoredSession): Promise<void> {
    const transaction = this.database.transaction("sessions", "readwrite");
    transaction.objectStore("sessions").put(session);
    await done(transaction);
  }

  /** All that is kept, the newest first. */
  async sessions(): Promise<StoredSession[]> {
    const found = (await asked(this.database.transaction("sessions").objectStore("sessions").getAll())) as StoredSession[];
    return found.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  }

  async run(id: string): Promise<StoredRun | undefined> {
    return (await asked(this.database.transaction("runs").objectStore("runs").get(id))) as StoredRun | undefined;
  }

  async saveRun(run: StoredRun, events: readonly RunEvent[]): Promise<void> {
    const transaction = this.database.transaction(["runs", "events"], "readwrite");
    transaction.objectStore("runs").put(run);
    if (events.length > 0) transaction.objectStore("events").put(events, [run.id, run.pieces - 1]);
    await done(transaction);
  }

  async events(id: string): Promise<RunEvent[]> {
    const range = IDBKeyRange.bound([id, 0], [id, Infinity]);
    const pieces = (await asked(this.database.transaction("events").objectStore("events").getAll(range))) as RunEvent[][];
    return pieces.flat();
  }

  /** Forgets a session and its runs. */
  async remove({ id, runs }: Pick<StoredSession, "id" | "runs">): Promise<void> {
    const transaction = this.database.transaction(["sessions", "runs", "events"], "readwrite");
    transaction.objectStore("sessions").delete(id);
    for (const run of runs) {
      transaction.objectStore("runs").delete(run);
      transaction.objectStore("events").delete(IDBKeyRange.bound([run, 0], [run, Infinity]));
    }
    await done(transaction);
  }

  close(): void {
    this.database.close();
  }
}
