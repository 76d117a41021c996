// The orthogonal residual update: of the branch only what is orthogonal to the stream is added.
//   s = <x, f> / (<x, x> + eps),  x + f - s x      (Oh et al., arXiv 2505.11881, eq. 3 and 4)
// Nothing is detached: the gradient goes through s. In a block that changes shapes x is the projected shortcut.
import { orthogonalUpdate, type Over } from "../../autograd/index.ts";
import type { SkipKind } from "./skip.ts";

export interface OrthogonalOptions {
  /** One projection a position over its channels ("feature"), or one a sample ("sample", the paper's global form). */
  readonly over?: Over;
  /** Added to the squared norm. */
  readonly eps?: number;
}

/** Options with their defaults. Error: an eps below 0. */
export function resolveOrthogonal(who: string, { over = "feature", eps = 1e-6 }: OrthogonalOptions): Required<OrthogonalOptions> {
  if (!(eps >= 0 && eps < Infinity)) throw new Error(`${who}: eps ${eps}, wanted a finite number of at least 0`);
  return { over, eps };
}

/** x + f - <x, f> / (<x, x> + eps) x. Error: an eps below 0. */
export function orthogonal(options: OrthogonalOptions = {}): SkipKind {
  const resolved = resolveOrthogonal("orthogonal", options);
  return {
    label: resolved.over === "feature" ? "orthogonal" : "orthogonal per sample",
    at: () => ({ join: (stream, branch) => orthogonalUpdate(stream, branch(), resolved), update: resolved }),
  };
}
