// Held-out images with what the runs say of them, renewed after every epoch.
import { formatPercent } from "../../report/numbers.ts";
import type { RunView } from "./run-view.ts";
import { Swatch } from "./swatch.tsx";

const COUNT = 16;

function Guess({
  view,
  run,
  at,
  several,
}: {
  readonly view: RunView;
  readonly run: number;
  readonly at: number;
  readonly several: boolean;
}) {
  const { samples, start } = view;
  if (!samples || at >= samples.labels.length) return <span class="guess">{several && <Swatch run={run} />}&nbsp;</span>;
  const right = samples.labels[at] === samples.predictions[at];
  const name = start?.classes?.[samples.predictions[at]] ?? "nothing";
  return (
    <span class={`guess ${right ? "right" : "wrong"}`}>
      {several && <Swatch run={run} />}
      <b aria-hidden="true">{right ? "✓" : "✗"}</b>
      <span class="hidden">{`${several ? `${view.label}: ` : ""}${right ? "right" : "wrong"}, `}</span>
      <span class="word">{name}</span> <small>{formatPercent(samples.probabilities[at], 0)}</small>
    </span>
  );
}

export function Predictions({ views }: { readonly views: readonly RunView[] }) {
  const first = views.find(({ samples }) => samples !== undefined);
  const scores = views.flatMap(({ label, samples }) => {
    if (!samples) return [];
    const right = samples.labels.filter((own, i) => own === samples.predictions[i]).length;
    return [`${label}: ${right} of ${samples.labels.length} right`];
  });
  return (
    <figure class="figure wide">
      <figcaption>
        <h2>Predictions</h2>
        <p class="note">Images that no run was trained on: what each is, and what it is taken for.</p>
        <p class="scores">{scores.join(", ") || "\u00a0"}</p>
      </figcaption>
      <ul class="samples">
        {Array.from({ length: first?.samples?.images.length ?? COUNT }, (_, at) => {
          const label = first?.samples?.labels[at];
          const truth = label === undefined ? "\u00a0" : (first?.start?.classes?.[label] ?? `class ${label}`);
          const image = first?.samples?.images[at];
          return (
            <li key={at}>
              {image ? <img src={image} alt={truth} width={64} height={64} /> : <span class="no-image" />}
              <span class="truth">{truth}</span>
              {views.map((view, run) => (
                <Guess key={run} view={view} run={run} at={at} several={views.length > 1} />
              ))}
            </li>
          );
        })}
      </ul>
    </figure>
  );
}
