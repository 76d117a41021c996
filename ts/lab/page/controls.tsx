// The buttons over the runs.
import { useRef } from "preact/hooks";
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
  /** Where there are runs that were stopped and can go on. */
  readonly onFurther?: (() => void) | undefined;
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

export function Controls({ session, attached, runs, canStart, onStart, onFurther, onReport, onCopied }: ControlsProps) {
  const main = useRef<HTMLButtonElement>(null);
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
  const underWay = runs.isUnderWay;
  const act = (): void => {
    if (!underWay) onStart();
    else if (paused) session?.continue();
    else session?.pause();
  };
  // Buttons that go away: whoever is on one goes on beside it.
  const stop = (): void => {
    session?.stop();
    main.current?.focus();
  };
  const further = (): void => {
    onFurther?.();
    main.current?.focus();
  };
  return (
    <div class="buttons">
      {/* One button that changes its words: who presses it by keyboard stays on it. */}
      <button type="button" class="main" ref={main} onClick={act} disabled={!underWay && !canStart}>
        {underWay ? (paused ? "Resume" : "Pause") : begun ? "Train again" : "Train"}
      </button>
      {underWay && (
        <button type="button" onClick={stop}>
          Stop
        </button>
      )}
      {onFurther && (
        <button type="button" onClick={further}>
          Go on
        </button>
      )}
      <button type="button" onClick={onReport} disabled={!begun}>
        Download report
      </button>
      <button type="button" onClick={() => void copyLink(onCopied)}>
        Copy link
      </button>
      {seconds > 0 && !underWay && <small class="took">{formatSpan(seconds)}</small>}
    </div>
  );
}
