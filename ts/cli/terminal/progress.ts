// Shows a run as it goes, on standard error (standard output is for results): one bar on a terminal, plain lines elsewhere.
import cliProgress from "cli-progress";
import picocolors from "picocolors";
import { formatCount, formatDuration, formatLoss, formatPercent } from "../../report/numbers.ts";
import { faultText } from "../../train/faults.ts";
import { nonFiniteText } from "../../train/nonfinite.ts";
import type { EvaluateEvent, NonFiniteEvent, RunEvent, RunStartEvent, StepEvent } from "../../train/events.ts";
import { formatBar, formatPlain, type ProgressState } from "./progress-line.ts";

/** Where the display goes; `process.stderr` is one. */
export interface ProgressStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ProgressOptions {
  readonly stream?: ProgressStream;
  /** Without a terminal: seconds between lines. */
  readonly everySeconds?: number;
  /** Without a terminal: a line every so many steps, whatever the time. */
  readonly everySteps?: number;
  /** Milliseconds. */
  readonly now?: () => number;
  readonly color?: boolean;
}

export interface Progress {
  handle(event: RunEvent): void;
  /** A line of its own above the bar. */
  message(text: string): void;
  /** Takes the bar away and gives the cursor back; the display may go on after it. */
  stop(): void;
}

/** How much of the mean that is shown a new batch makes up. */
const NEWEST = 0.05;
const FRAMES_PER_SECOND = 8;

/** Makes a display for one or more runs after each other. */
export function createProgress({
  stream = process.stderr,
  everySeconds = 10,
  everySteps = Infinity,
  now = Date.now,
  color = stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb",
}: ProgressOptions = {}): Progress {
  const colors = picocolors.createColors(color);
  const terminal = stream.isTTY === true && process.env["TERM"] !== "dumb";
  let start: RunStartEvent | undefined;
  let state: ProgressState | undefined;
  let bar: InstanceType<typeof cliProgress.SingleBar> | undefined;
  let firstStep = 0;
  let firstTime = 0;
  let lineTime = 0;
  let lineStep = 0;

  // A process that ends without stop() must not leave the terminal without cursor.
  const restore = (): void => {
    stream.write("\x1b[?25h\x1b[?7h\n");
  };

  const hideBar = (): void => {
    if (bar === undefined) return;
    bar.stop();
    bar = undefined;
    process.off("exit", restore);
  };

  const showBar = (): void => {
    if (state === undefined) return;
    if (bar === undefined) {
      bar = new cliProgress.SingleBar({
        stream,
        // One column stays free: some terminals wrap a full line.
        format: () => (state === undefined ? "" : formatBar(state, (stream.columns ?? 80) - 1, colors)),
        clearOnComplete: true,
        hideCursor: true,
        // Ctrl-C is the command's affair: it finishes the step and saves.
        gracefulExit: false,
        fps: FRAMES_PER_SECOND,
        emptyOnZero: true,
      });
      process.on("exit", restore);
      bar.start(state.stepsPerEpoch, state.stepInEpoch);
    }
    bar.update(state.stepInEpoch);
  };

  const write = (line: string): void => {
    hideBar();
    stream.write(`${line}\n`);
  };

  const onStart = (event: RunStartEvent): void => {
    start = event;
    state = undefined;
    const { name, model, parameters, dataset, workers, resumedFrom } = event;
    const parts = [colors.bold(name), model, `${formatCount(parameters)} parameters`];
    if (dataset !== undefined) parts.push(dataset);
    parts.push(workers === 1 ? "1 worker" : `${workers} workers`);
    if (resumedFrom !== undefined) parts.push(`from step ${formatCount(resumedFrom)}`);
    write(parts.join(colors.dim(" · ")));
  };

  const onStep = (event: StepEvent): void => {
    const time = now();
    const { stepsPerEpoch = 0, epochs = 0 } = start ?? {};
    if (state === undefined) {
      [firstStep, firstTime, lineTime, lineStep] = [event.step, time, time, event.step - 1];
    }
    const steps = event.step - firstStep;
    const mean = (before: number | undefined, value: number): number =>
      before === undefined || !Number.isFinite(before) ? value : before + NEWEST * (value - before);
    state = {
      epoch: event.epoch,
      epochs,
      // Batches that were passed over are no steps.
      stepInEpoch: Math.max(0, event.step - (event.epoch - 1) * stepsPerEpoch),
      stepsPerEpoch,
      loss: mean(state?.loss, event.loss),
      accuracy: mean(state?.accuracy, event.accuracy),
      imagesPerSecond: mean(state?.imagesPerSecond, event.imagesPerSecond),
      secondsLeft: steps > 0 ? ((time - firstTime) / 1000 / steps) * Math.max(0, epochs * stepsPerEpoch - event.step) : undefined,
    };
    if (terminal) showBar();
    else if (time - lineTime >= 1000 * everySeconds || event.step - lineStep >= everySteps) {
      [lineTime, lineStep] = [time, event.step];
      write(formatPlain(state));
    }
  };

  const onNonFinite = (event: NonFiniteEvent): void => {
    const { batch, batches } = event;
    const passed = batches === 1 ? `batch ${batch} is` : `batches ${batch} to ${batch + batches - 1} are`;
    // What ends the run is the command's affair.
    if (event.skipped) message(`warning: ${nonFiniteText(event)}; ${passed} passed over`);
  };

  const onEvaluate = ({ epoch, split, loss, top1, top5, nonFinite = 0, seconds }: EvaluateEvent): void => {
    const epochs = start?.epochs ?? epoch;
    const which = `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`;
    const time = seconds === undefined ? "" : colors.dim(`  ${formatDuration(seconds)}`);
    write(`${which}  ${split} loss ${formatLoss(loss)}  top-1 ${colors.bold(formatPercent(top1))}  top-5 ${formatPercent(top5)}${time}`);
    if (nonFinite > 0)
      write(`warning: the model says nothing finite of ${formatCount(nonFinite)} images, which count as wrong where a NaN is`);
  };

  const message = (text: string): void => {
    write(text);
    if (terminal && state !== undefined && state.stepInEpoch < state.stepsPerEpoch) showBar();
  };

  return {
    handle: (event) => {
      if (event.type === "run-start") onStart(event);
      else if (event.type === "step") onStep(event);
      else if (event.type === "nonfinite") onNonFinite(event);
      else if (event.type === "fault") message(`warning: ${faultText(event)}`);
      else if (event.type === "evaluate") onEvaluate(event);
      else if (event.type === "run-end") write(`${event.reason}: ${formatCount(event.steps)} steps in ${formatDuration(event.seconds)}`);
    },
    message,
    stop: hideBar,
  };
}
