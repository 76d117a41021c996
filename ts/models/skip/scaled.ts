// Constant scaling: s x + b f. With s = b = 1 it is plain addition, with s = 0 the plain net (He et al. 2016, arXiv 1603.05027, 3.1).
// Over L units the direct path has the factor s^L, forward and backward.
import { add, affine, scaleAdd } from "../../autograd/index.ts";
import type { SkipKind } from "./skip.ts";

export interface ScaledOptions {
  /** Factor of the stream. */
  readonly shortcut?: number;
  /** Factor of the branch. */
  readonly branch?: number;
}

/** shortcut x + branch f. */
export function scaled({ shortcut = 1, branch = 1 }: ScaledOptions = {}): SkipKind {
  if (!Number.isFinite(shortcut)) throw new Error(`scaled: shortcut ${shortcut}, wanted a finite factor`);
  if (!Number.isFinite(branch) || branch === 0) throw new Error(`scaled: branch ${branch}, wanted a finite factor other than 0`);
  return {
    label: `scaled ${shortcut} x + ${branch} f`,
    ignoresStream: shortcut === 0,
    at: () => ({
      join: (stream, f) => {
        const own = branch === 1 ? f() : affine(f(), branch, 0);
        if (shortcut === 0) return own;
        return shortcut === 1 ? add(stream, own) : scaleAdd(stream, shortcut, own);
      },
    }),
  };
}
