// A short piece of a run's line: its color and its dashes, which tell it from the other one.
export function Swatch({ run }: { readonly run: number }) {
  return (
    <svg class="swatch" viewBox="0 0 26 10" aria-hidden="true">
      <path d="M1,5H25" stroke={`var(--run-${run})`} stroke-width="3" stroke-dasharray={run === 0 ? undefined : "6 3"} />
    </svg>
  );
}
