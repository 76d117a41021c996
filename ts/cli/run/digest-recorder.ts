// The digests of a run on their way into its folder.
import { existsSync } from "node:fs";
import type { DigestEntry } from "../../train/digest-log.ts";
import { DIGEST_LEVELS, type Digesting, type TraceRequest } from "../../train/index.ts";
import type { RunFolder } from "./run-folder.ts";
import { openDigests, type PatientFile } from "./run-log-file.ts";

/** What is recorded of every step. */
export const RECORD_LEVELS = [...DIGEST_LEVELS, "off"] as const;
export type RecordLevel = (typeof RECORD_LEVELS)[number];

export class DigestRecorder {
  private readonly level: RecordLevel;
  private file: PatientFile<DigestEntry> | null = null;

  constructor(level: RecordLevel) {
    this.level = level;
  }

  /** What the trainer is to do; nothing where nothing is recorded. */
  get digests(): { readonly digests?: Digesting } {
    const { level } = this;
    if (level === "off") return {};
    const request: TraceRequest | undefined = level === "step" ? undefined : { level };
    const record = (digest: DigestEntry): void => this.file?.write(digest);
    return { digests: { record, recordSkip: record, trace: () => request } };
  }

  /** Opens the file in the run's folder, behind what is there. */
  open({ digests: path }: RunFolder, onTrouble: (text: string) => void): void {
    if (this.level !== "off") this.file = openDigests(path, { append: existsSync(path), onTrouble });
  }

  /** Flushes. */
  sync(): void {
    this.file?.sync();
  }

  close(): void {
    this.file?.close();
  }
}
