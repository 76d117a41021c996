// One display over all runs of a grid, on standard error: a bar on a terminal, plain lines elsewhere, with the time that is left.
import cliProgress from "cli-progress";
import picocolors from "picocolors";
import { formatDuration, formatLoss, formatPercent } from "../../report/numbers.ts";
import type { RunEvent } from "../../train/events.ts";
import type { ProgressStream } from "../terminal/progress.ts";

export interface GridRunView {
  readonly name: string;
  /** Its share of all the work; any unit. */
  readonly work: number;
  readonly steps: number;
}

export interface GridProgressOptions {
  readonly stream?: ProgressStream;
  /** Without a terminal: seconds between lines. */
  readonly everySeconds?: number;
  /** Milliseconds. */
  readonly now?: () => number;
}

const BAR = 20;
const NEWEST = 0.05;

export interface GridProgress {
  /** Work that was done before, by number of run: it takes no more time. */
  skip(run: number): void;
  begin(run: number): void;
  handle(event: RunEvent): void;
  message(text: string): void;
  stop(): void;
}

/** Makes a display. `secondsOfWork` is what a unit of work takes as far as known before the first step; undefined where nobody knows. */
export function createGridProgress(
  runs: readonly GridRunView[],
  secondsOfWork: number | undefined,
  { stream = process.stderr, everySeconds = 10, now = Date.now }: GridProgressOptions = {},
): GridProgress {
  const terminal = stream.isTTY === true && process.env["TERM"] !== "dumb";
  const colors = picocolors.createColors(terminal && !process.env["NO_COLOR"]);
  const total = runs.reduce((sum, { work }) => sum + work, 0);
  /** Share of each run that is done. */
  const shares = runs.map(() => 0);
  let current = -1;
  let epochs = 0;
  let epoch = 0;
  let loss: number | undefined;
  let accuracy: number | undefined;
  /** Work done and time taken in this session. */
  let worked = 0;
  let spent = 0;
  let last = 0;
  let lastLine = -Infinity;
  let bar: InstanceType<typeof cliProgress.SingleBar> | undefined;

  const done = (): number => runs.reduce((sum, { work }, index) => sum + work * shares[index], 0);
  const left = (): number | undefined => {
    const rate = worked > 0 && spent > 2 ? spent / worked : (secondsOfWork ?? (worked > 0 ? spent / worked : undefined));
    return rate === undefined ? undefined : rate * (total - done());
  };
  const restore = (): void => void stream.write("\x1b[?25h\x1b[?7h\n");
  const hide = (): void => {
    if (bar === undefined) return;
    bar.stop();
    bar = undefined;
    process.off("exit", restore);
  };
  const write = (line: string): void => {
    hide();
    stream.write(`${line}\n`);
  };

  const parts = (): string[] => {
    const rest = left();
    return [
      `run ${current + 1}/${runs.length}`,
      runs[current]?.name ?? "",
      `epoch ${epoch}/${epochs}`,
      ...(loss === undefined ? [] : [`loss ${formatLoss(loss)}`]),
      ...(accuracy === undefined ? [] : [`acc ${formatPercent(accuracy)}`]),
      `${total > 0 ? formatPercent(done() / total) : "100 %"} of all`,
      ...(rest === undefined ? [] : [`left ${formatDuration(rest)}`]),
    ];
  };
  /** The bar's line; parts are left out from the middle until it fits. */
  const line = (): string => {
    const columns = (stream.columns ?? 80) - 1;
    const all = parts();
    const width = (): number => all.reduce((sum, { length }) => sum + length + 2, -2);
    for (const start of ["acc ", "epoch ", "loss "]) {
      const at = all.findIndex((part) => part.startsWith(start));
      if (width() + BAR + 2 > columns && at >= 0) all.splice(at, 1);
    }
    const filled = total > 0 ? Math.floor((BAR * done()) / total) : BAR;
    if (width() + BAR + 2 <= columns) all.splice(2, 0, colors.cyan("━".repeat(filled)) + colors.dim("─".repeat(BAR - filled)));
    else if (width() > columns) return all[0].slice(0, Math.max(0, columns));
    return all.join("  ");
  };
  const show = (): void => {
    if (!terminal) {
      if (now() - lastLine < 1000 * everySeconds) return;
      lastLine = now();
      stream.write(`${parts().join("  ")}\n`);
      return;
    }
    if (bar === undefined) {
      bar = new cliProgress.SingleBar({
        stream,
        format: line,
        clearOnComplete: true,
        hideCursor: true,
        gracefulExit: false,
        fps: 8,
        emptyOnZero: true,
      });
      process.on("exit", restore);
      bar.start(runs.length, 0);
    }
    bar.update(current);
  };

  return {
    skip: (run) => (shares[run] = 1),
    begin: (run) => {
      current = run;
      [loss, accuracy, epoch] = [undefined, undefined, 0];
      last = now();
      if (!terminal) lastLine = now();
    },
    handle: (event) => {
      const mean = (before: number | undefined, value: number): number =>
        before === undefined ? value : before + NEWEST * (value - before);
      if (event.type === "run-start") {
        epochs = event.epochs;
        shares[current] = runs[current].steps > 0 ? (event.resumedFrom ?? 0) / runs[current].steps : 0;
        last = now();
      } else if (event.type === "step" || event.type === "evaluate") {
        if (event.type === "step") {
          epoch = event.epoch;
          loss = mean(loss, event.loss);
          accuracy = mean(accuracy, event.accuracy);
          const share = runs[current].steps > 0 ? Math.min(1, event.step / runs[current].steps) : 1;
          worked += Math.max(0, share - shares[current]) * runs[current].work;
          shares[current] = share;
        }
        spent += (now() - last) / 1000;
        last = now();
        show();
      } else if (event.type === "run-end") {
        if (event.reason !== "stopped") shares[current] = 1;
      }
    },
    message: write,
    stop: hide,
  };
}
