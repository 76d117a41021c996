// Measures what blocks do to their stream without changing it: a block a step in turn, so that it costs next to nothing.
import { remembered, scope, streamStatistics, type StreamStatistics } from "../../autograd/index.ts";
import type { BlockSite, SkipKind } from "./skip.ts";
import { wrapSkip } from "./wrap-skip.ts";

/** Where measurements go. */
export interface StreamSink {
  /** Whether to measure this block in this step. Must not depend on the thread. */
  wants(site: BlockSite, step: number): boolean;
  record(site: BlockSite, step: number, statistics: StreamStatistics): void;
}

export interface StreamRecord extends StreamStatistics {
  /** Number of the block; of the addition where blocks have several. */
  readonly block: number;
  readonly step: number;
}

/** Keeps measurements until they are drained: every `interval` steps of each block, the blocks taking turns. */
export class StreamRecorder implements StreamSink {
  readonly interval: number;
  private records: StreamRecord[] = [];

  constructor({ interval = 50 }: { interval?: number } = {}) {
    if (!Number.isInteger(interval) || interval < 1)
      throw new Error(`StreamRecorder: interval ${interval}, wanted a whole number of at least 1`);
    this.interval = interval;
  }

  wants({ index, depth, addition = index, additions = depth }: BlockSite, step: number): boolean {
    const interval = Math.max(this.interval, 1);
    return step % interval === Math.floor((addition * interval) / additions);
  }

  record({ index, addition = index }: BlockSite, step: number, statistics: StreamStatistics): void {
    this.records.push({ block: addition, step, ...statistics });
  }

  /** What was measured since the last call. */
  drain(): StreamRecord[] {
    const drained = this.records;
    this.records = [];
    return drained;
  }
}

/** The same skip, measured in training. */
export function observed(kind: SkipKind, sink: StreamSink): SkipKind {
  return wrapSkip(kind, (skip, site) => {
    let calls = 0;
    return (stream, branch, context) => {
      if (!context.training) return skip.join(stream, branch, context);
      const step = stream.batch ? stream.batch.step : remembered(() => calls++);
      if (!sink.wants(site, step)) return skip.join(stream, branch, context);
      return skip.join(
        stream,
        () => {
          const f = branch();
          remembered(() => scope(() => sink.record(site, step, streamStatistics(stream, f))));
          return f;
        },
        context,
      );
    };
  });
}
