// The branch with the other sign: x - f, or x - f_perp around the orthogonal update. In the released code of arXiv 2505.11881, not in
// its text. (A branch that ends in a linear layer can learn the sign: what differs is the start alone.)
import { affine, subtract, weightedUpdate } from "../../autograd/index.ts";
import { wantStream } from "./learned-skip.ts";
import type { SkipKind } from "./skip.ts";
import { wrapSkip } from "./wrap-skip.ts";

/** `inner`, addition by default, with -f for f. Error: an inner kind that ignores its stream. */
export function negative(inner?: SkipKind): SkipKind {
  wantStream("negative", inner);
  if (inner === undefined) return { label: "negative", at: () => ({ join: (stream, branch) => subtract(stream, branch()) }) };
  const negated = wrapSkip(
    inner,
    (skip) => (stream, branch, context) =>
      skip.update
        ? weightedUpdate(stream, branch(), { branch: -1 }, skip.update)
        : skip.join(stream, () => affine(branch(), -1, 0), context),
  );
  return { ...negated, label: `${inner.label}, negative` };
}
