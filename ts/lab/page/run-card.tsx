// One run in numbers: how far it is, how well it does, what can be had of it.
import { formatCount, formatLoss, formatPercent, formatSpan } from "../../report/numbers.ts";
import type { RunView } from "./run-view.ts";
import { Swatch } from "./swatch.tsx";

const STATES: Readonly<Record<RunView["state"], string>> = {
  idle: "not started",
  preparing: "preparing",
  running: "training",
  paused: "paused",
  finished: "finished",
  failed: "failed",
};

const orDash = (value: number, text: (value: number) => string): string => (Number.isFinite(value) ? text(value) : "–");

export interface RunCardProps {
  readonly view: RunView;
  readonly run: number;
  readonly several: boolean;
  readonly command: string | undefined;
  /** Absent where the run is not computed here. */
  readonly onCheckpoint?: (() => void) | undefined;
}

export function RunCard({ view, run, several, command, onCheckpoint }: RunCardProps) {
  const { state, step, steps, end, start, evaluation } = view;
  const stopped = end?.reason === "stopped" ? "stopped" : STATES[state];
  const epoch = start ? Math.min(start.epochs, Math.floor(Math.max(0, step - 1) / view.stepsPerEpoch) + 1) : 0;
  return (
    <article class={`card run-${run}`} aria-label={`Run ${view.label}`}>
      <h2>
        {several && <Swatch run={run} />}
        <span class="run-name">{view.label}</span> <small class={`state ${state}`}>{stopped}</small>
      </h2>
      <progress max={Math.max(1, steps)} value={step} aria-label={`Steps of ${view.label}`} />
      <p class="where">
        {start ? `step ${formatCount(step)} of ${formatCount(steps)}, epoch ${epoch} of ${start.epochs}` : "\u00a0"}
        {state === "running" && Number.isFinite(view.secondsLeft) && step < steps ? `, ${formatSpan(view.secondsLeft)} left` : ""}
      </p>
      <dl class="facts">
        <div class="fact-main">
          <dt>Test accuracy</dt>
          <dd>{orDash(evaluation?.top1 ?? NaN, formatPercent)}</dd>
        </div>
        <div>
          <dt>Training loss</dt>
          <dd>{orDash(view.loss, formatLoss)}</dd>
        </div>
        <div>
          <dt>Images/s</dt>
          <dd>{orDash(view.speed, formatCount)}</dd>
        </div>
        <div>
          <dt>Parameters</dt>
          <dd>{start ? formatCount(start.parameters) : "–"}</dd>
        </div>
      </dl>
      {view.failure !== undefined && (
        <p class="failure" role="alert">
          {view.failure}
        </p>
      )}
      {view.notices.map((notice) => (
        <p class="notice" key={notice}>
          {notice}
        </p>
      ))}
      <dl class="facts digest">
        <div>
          <dt>Digest</dt>
          <dd>
            <code>{end?.digest ?? "–"}</code>
          </dd>
        </div>
      </dl>
      {(command ?? start?.command) !== undefined && (
        <details>
          <summary>
            In a terminal<span class="hidden">: {view.label}</span>
          </summary>
          <pre>
            <code>{command ?? start?.command}</code>
          </pre>
          <p class="note">The same settings come to the same digest, with any number of threads.</p>
        </details>
      )}
      {onCheckpoint && (
        <button
          type="button"
          class="quiet"
          onClick={onCheckpoint}
          disabled={state === "idle" || state === "preparing" || state === "failed"}
        >
          Download checkpoint<span class="hidden"> of {view.label}</span>
        </button>
      )}
    </article>
  );
}
