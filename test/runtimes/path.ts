// Programs on PATH.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The first one of these names that there is. */
export function found(...names: string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
