// No skip: the plain net.
import type { SkipKind } from "./skip.ts";

/** f alone. */
export function none(): SkipKind {
  return { label: "none", ignoresStream: true, at: () => ({ join: (_stream, branch) => branch() }) };
}
