// The standard residual connection: x + f.
import { add } from "../../autograd/index.ts";
import type { SkipKind } from "./skip.ts";

/** x + f. */
export function additive(): SkipKind {
  return { label: "additive", at: () => ({ join: (stream, branch) => add(stream, branch()) }) };
}
