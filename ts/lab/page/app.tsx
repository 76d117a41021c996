// The laboratory: settings on one side, runs on the other.
import { useEffect, useState } from "preact/hooks";
import { DEFAULTS } from "../fields.ts";
import { fromHash } from "../settings.ts";
import { evaluationCurve, trainingCurve } from "./curves.ts";
import { LiveChart } from "./live-chart.tsx";
import { Session } from "./session.ts";

export function App() {
  const [settings] = useState(() => fromHash(location.hash).settings ?? DEFAULTS);
  const [session, setSession] = useState<Session | null>(null);
  const [, redraw] = useState(0);
  useEffect(() => session?.subscribe(() => redraw((count) => count + 1)), [session]);
  const start = (): void => {
    const made = new Session({ id: crypto.randomUUID(), lab: settings, source: { kind: "shapes" } }, null);
    setSession(made);
    void made.start({ resume: false, threads: 0 });
  };
  const views = session?.seats.map(({ view }) => view) ?? [];
  return (
    <main>
      <button onClick={start}>Start</button>
      {views.map((view) => (
        <p key={view.label}>
          {view.label} {view.state} {view.failure} {view.step} of {view.steps} {view.end?.digest}
        </p>
      ))}
      <LiveChart
        title="Loss"
        note=""
        epochs={settings.epochs}
        format={(value) => value.toFixed(2)}
        range={(_, most) => [0, most]}
        series={views.flatMap((view, run) => [
          { label: view.label, run, curve: trainingCurve(view, "loss") },
          { label: `${view.label}, test`, run, curve: evaluationCurve(view, ({ loss }) => loss), points: true },
        ])}
        numbers={() => ({ head: [], rows: [] })}
      />
    </main>
  );
}
