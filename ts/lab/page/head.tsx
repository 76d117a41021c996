// Name of the page, and what it can do where it was opened.
import type { Attached } from "./attached.ts";
import { threadsFor } from "./surroundings.ts";

const NOT_ISOLATED = "this page is not cross-origin isolated, so that its workers cannot share memory.";
const UNENCRYPTED =
  "this page came without encryption, and browsers let no workers share memory then. By https it has all threads, and works without a network.";

export function Head({ attached, runs }: { readonly attached: Attached | null; readonly runs: number }) {
  const threads = threadsFor(Math.max(1, runs));
  const each = runs > 1 ? " a run" : "";
  return (
    <header>
      <h1>
        <b>perpend</b> laboratory
      </h1>
      <p class="lead">
        {attached
          ? "A run in the terminal, as it happens."
          : "Train a residual network in this page and watch what its skips do to the stream."}
      </p>
      {!attached &&
        (threads > 0 ? (
          <p class="chip">
            {threads} {threads === 1 ? "thread" : "threads"}
            {each}
          </p>
        ) : (
          <p class="chip warn">
            1 thread{each}: {isSecureContext ? NOT_ISOLATED : UNENCRYPTED} The results are the same.
          </p>
        ))}
    </header>
  );
}
