// How this program was called, for the commands it tells its user to type.
import { basename, relative, sep } from "node:path";

/** A word as a POSIX shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** What to type in front of a subcommand. */
export function selfCommand(script = process.argv[1] ?? "perpend", options: readonly string[] = process.execArgv): string {
  if (script.includes(`${sep}.bin${sep}`)) return "npx perpend";
  if (basename(script) === "perpend") return "perpend";
  const path = relative(process.cwd(), script);
  return ["node", ...options, path.startsWith("..") ? script : path].map(quoted).join(" ");
}
