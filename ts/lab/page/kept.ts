// Runs that were under way, or had ended, when a page was closed: found in the browser's storage, unless another page has them.
import type { Storage, StoredRun, StoredSession } from "../storage.ts";
import { isHeldElsewhere } from "./session.ts";

export interface Kept {
  readonly session: StoredSession;
  readonly runs: readonly StoredRun[];
}

/** The newest that can be taken up. Older ones, and those without a state, are forgotten. */
export async function findKept(storage: Storage): Promise<Kept | null> {
  let found: Kept | null = null;
  for (const session of await storage.sessions()) {
    if (await isHeldElsewhere(session.id)) continue;
    const runs = (await Promise.all(session.runs.map((id) => storage.run(id)))).filter((run) => run !== undefined);
    if (found === null && runs.length > 0) found = { session, runs };
    else await storage.remove(session);
  }
  return found;
}

/** Whether none of them can go on. */
export const areOver = ({ runs }: Kept): boolean => runs.every(({ finished }) => finished);

/** `additive at step 40 of 375, orthogonal at step 38 of 375`. */
export function describeKept({ session, runs }: Kept): string {
  const { skip, against } = session.lab;
  const labels = [skip, against];
  return session.runs
    .map((id, index) => {
      const run = runs.find((each) => each.id === id);
      if (run === undefined) return `${labels[index]} not begun`;
      const { finished, step, steps } = run;
      const where = finished && step === steps ? "at its end" : `${finished ? "stopped " : ""}at step ${step} of ${steps}`;
      return `${labels[index]} ${where}`;
    })
    .join(", ");
}
