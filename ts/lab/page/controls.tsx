// The buttons over the runs.
import { formatSpan } from "../../report/numbers.ts";
import type { Attached } from "./attached.ts";
import type { Runs } from "./runs.ts";
import type { Session } from "./session.ts";

export interface ControlsProps {
  readonly session: Session | null;
  readonly attached: Attached | null;
  readonly runs: Runs;
  readonly canStart: boolean;
  readonly onStart: () => void;
  readonly onReport: () => void;
  readonly onCopied: (text: string) => void;
}

async function copyLink(say: (text: string) => void): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link to these settings is copied.");
  } catch {
    say("The browser does not let the page copy; the address above is the link.");
  }
}

const CONNECTION: Readonly<Record<Attached["connection"], string>> = {
  connecting: "Looking for the run in the terminal.",
  connected: "A run in the terminal; looking on.",
  lost: "The terminal does not answer; trying again.",
  over: "The run in the terminal is over.",
};

export function Controls({ session, attached, runs, canStart, onStart, onReport, onCopied }: ControlsProps) {
  const paused = runs.views.some(({ state }) => state === "paused");
  const begun = runs.views.some(({ start }) => start !== undefined);
  const seconds = Math.max(0, ...runs.views.map(({ end }) => end?.seconds ?? 0));
  if (attached)
    return (
      <div class="buttons">
        <p class="connection">{CONNECTION[attached.connection]}</p>
        <button type="button" onClick={onReport} disabled={!begun}>
          Download report
        </button>
      </div>
    );
  return (
    <div class="buttons">
      {!runs.isUnderWay && (
        <button type="button" class="main" onClick={onStart} disabled={!canStart}>
          {begun ? "Train again" : "Train"}
        </button>
      )}
      {runs.isUnderWay && !paused && (
        <button type="button" class="main" onClick={() => session?.pause()}>
          Pause
        </button>
      )}
      {paused && (
        <button type="button" class="main" onClick={() => session?.continue()}>
          Resume
        </button>
      )}
      {runs.isUnderWay && (
        <button type="button" onClick={() => session?.stop()}>
          Stop
        </button>
      )}
      <button type="button" onClick={onReport} disabled={!begun}>
        Download report
      </button>
      <button type="button" onClick={() => void copyLink(onCopied)}>
        Copy link
      </button>
      {seconds > 0 && !runs.isUnderWay && <small class="took">{formatSpan(seconds)}</small>}
    </div>
  );
}
