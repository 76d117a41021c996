// The laboratory: settings on one side, runs on the other.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { DataSource } from "../given-data.ts";
import { DEFAULTS, type LabSettings } from "../fields.ts";
import { recognizeMore } from "../recognize.ts";
import { fromHash, runsOf, toHash } from "../settings.ts";
import { missingOf } from "../standard-sets.ts";
import type { Storage, StoredSession } from "../storage.ts";
import { Attached, attachedAddress } from "./attached.ts";
import { Controls } from "./controls.tsx";
import { chosenFiles, droppedFiles } from "./dropped.ts";
import { useAwake } from "./environment.ts";
import { Figures } from "./figures.tsx";
import { Head } from "./head.tsx";
import { areOver, describeKept, findKept, type Kept } from "./kept.ts";
import { RunCard } from "./run-card.tsx";
import { RunView } from "./run-view.ts";
import { Runs } from "./runs.ts";
import { Session, type StartOptions } from "./session.ts";
import { Setup } from "./setup.tsx";
import { newId, openStorage, threadsFor } from "./surroundings.ts";
import { useStatus } from "./status.ts";
import { saveCheckpoint, saveReport } from "./take-home.ts";

const SHAPES: DataSource = { kind: "shapes" };

/** Runs that were not started: what the settings stand for. */
function idle(settings: LabSettings): { readonly runs: Runs; readonly problem: string } {
  try {
    const seats = runsOf(settings).map(({ label, command }) => ({ id: label, view: new RunView(label), command }));
    return { runs: new Runs(seats), problem: "" };
  } catch (error) {
    return { runs: new Runs([]), problem: (error as Error).message };
  }
}

export function App() {
  const [initial] = useState(() => fromHash(location.hash));
  const [settings, setSettings] = useState(initial.settings);
  const [source, setSource] = useState<DataSource>(SHAPES);
  // Also before the page is drawn anew: files may be dropped while others are looked at.
  const latest = useRef(source);
  latest.current = source;
  const [fileProblem, setFileProblem] = useState("");
  const [dropping, setDropping] = useState(false);
  const [storage, setStorage] = useState<Storage | null>(null);
  const [kept, setKept] = useState<Kept | null>(null);
  const [live, setLive] = useState<Session | Attached | null>(() => {
    const address = attachedAddress();
    return address === null ? null : new Attached(address);
  });
  const [, redraw] = useState(0);
  const place = useRef<HTMLElement>(null);
  const attached = live instanceof Attached ? live : null;
  const session = live instanceof Session ? live : null;
  const planned = useMemo(() => idle(settings), [settings]);
  const runs: Runs = live ?? planned.runs;
  const [status, say] = useStatus(runs, attached);
  useAwake(session !== null && runs.views.some(({ state }) => state === "preparing" || state === "running"));

  useEffect(() => live?.subscribe(() => redraw((count) => count + 1)), [live]);
  useEffect(() => {
    if (attached) return;
    void openStorage().then(async (opened) => {
      setStorage(opened);
      if (opened) setKept(await findKept(opened).catch(() => null));
    });
  }, []);
  useEffect(() => {
    const look = (): void => {
      const { settings: asked } = fromHash(location.hash);
      setSettings((before) => (toHash(before) === toHash(asked) ? before : asked));
    };
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);

  const steps = runs.views.reduce((sum, view) => sum + view.steps, 0);
  const share = steps > 0 ? Math.floor((100 * runs.views.reduce((sum, view) => sum + view.step, 0)) / steps) : 0;
  useEffect(() => {
    document.title = `${runs.isUnderWay && steps > 0 ? `${share} % · ` : ""}perpend laboratory`;
  });

  const change = useCallback((part: Partial<LabSettings>): void => {
    setSettings((before) => {
      const after = { ...before, ...part };
      history.replaceState(null, "", `#${toHash(after)}`);
      return after;
    });
  }, []);

  const takeFiles = async (given: Promise<ReturnType<typeof chosenFiles>> | ReturnType<typeof chosenFiles>): Promise<void> => {
    try {
      const files = await given;
      const found = recognizeMore(latest.current, files);
      latest.current = found;
      setSource(found);
      setFileProblem("");
      // A set that was chosen by the address has its numbers from there.
      if (found.dataset !== settings.dataset) change({ dataset: found.dataset, trainSamples: null, testSamples: null });
      say(`Taken: ${found.files.length} files.`);
    } catch (error) {
      setFileProblem((error as Error).message);
    }
  };

  const begin = (made: Session, how: Omit<StartOptions, "threads"> = {}): void => {
    session?.close();
    setKept(null);
    setLive(made);
    void made.start({ ...how, threads: threadsFor(made.seats.length) });
    // On a phone the runs are below the settings.
    if (place.current && place.current.getBoundingClientRect().top > innerHeight / 2) place.current.scrollIntoView();
  };
  const start = async (): Promise<void> => {
    if (session && storage) await storage.remove({ id: session.id, runs: session.seats.map(({ id }) => id) }).catch(() => {});
    if (kept && storage) await storage.remove(kept.session).catch(() => {});
    const own = settings.dataset === "shapes" ? SHAPES : source;
    begin(new Session({ id: newId(), lab: settings, source: own }, storage));
  };
  const takeUp = (before: Pick<StoredSession, "id" | "lab" | "source">, further: boolean): void => {
    setSettings(before.lab);
    history.replaceState(null, "", `#${toHash(before.lab)}`);
    setSource(before.source);
    begin(new Session(before, storage), { resume: true, further });
  };
  const forget = async (): Promise<void> => {
    if (kept) await storage?.remove(kept.session).catch(() => {});
    setKept(null);
  };
  const whole = source.kind === "files" && source.dataset === settings.dataset && missingOf(source).needed.length === 0;
  const ready = settings.dataset === "shapes" || whole;
  const epochs = runs.views.find((view) => view.start)?.start?.epochs ?? settings.epochs;

  return (
    <div
      class={`page ${dropping ? "dropping" : ""} ${attached ? "attached" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setDropping(!runs.isUnderWay && !attached);
      }}
      onDragLeave={(event) => event.relatedTarget === null && setDropping(false)}
      onDrop={(event) => {
        event.preventDefault();
        setDropping(false);
        if (event.dataTransfer && !runs.isUnderWay && !attached) void takeFiles(droppedFiles(event.dataTransfer));
      }}
    >
      <a class="to-runs" href="#runs" onClick={(event) => (event.preventDefault(), place.current?.focus())}>
        To the runs
      </a>
      <Head attached={attached} runs={runs.seats.length} />
      <main class="lab">
        {!attached && (
          <Setup
            settings={settings}
            source={source}
            locked={runs.isUnderWay}
            onChange={change}
            onFiles={(files) => files && files.length > 0 && void takeFiles(chosenFiles(files))}
            problem={fileProblem}
          />
        )}
        <section class="runs" id="runs" ref={place} tabIndex={-1} aria-label="Runs">
          {kept && !live && (
            <div class="banner">
              <p>
                Kept from before: {describeKept(kept)}.{areOver(kept) ? "" : " Going on comes to the same bits as if it had never stopped."}{" "}
                Training anew forgets it.
              </p>
              <div class="buttons">
                <button type="button" class="main" onClick={() => takeUp(kept.session, false)}>
                  {areOver(kept) ? "Show" : "Go on"}
                </button>
                <button type="button" onClick={() => void forget()}>
                  Forget
                </button>
              </div>
            </div>
          )}
          {initial.problems.length > 0 && <p class="notice">Not understood in the address: {initial.problems.join("; ")}.</p>}
          {planned.problem !== "" && <p class="problem">{planned.problem}</p>}
          <Controls
            session={session}
            attached={attached}
            runs={runs}
            canStart={ready && planned.problem === ""}
            onStart={() => void start()}
            onFurther={storage && session?.canGoFurther ? () => takeUp(session, true) : undefined}
            onReport={() => void saveReport(runs, say)}
            onCopied={say}
          />
          <p class="status" role="status">
            {status}
          </p>
          <div class="cards">
            {runs.seats.map(({ id, view, command }, run) => (
              <RunCard
                key={id}
                view={view}
                run={run}
                several={runs.seats.length > 1}
                command={command}
                onCheckpoint={attached ? undefined : () => session && void saveCheckpoint(session, id, view, say)}
              />
            ))}
          </div>
          <Figures views={runs.views} epochs={Math.max(1, epochs ?? DEFAULTS.epochs)} />
        </section>
      </main>
      <footer>
        <p>
          perpend trains on your processor, in this page. Nothing is sent anywhere
          {isSecureContext && !attached ? ", and it works without a network" : ""}.
        </p>
      </footer>
      {dropping && (
        <div class="drop" aria-hidden="true">
          Drop CIFAR, MNIST or a folder of pictures
        </div>
      )}
    </div>
  );
}
