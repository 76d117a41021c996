// What an example of the documentation prints.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const build = fileURLToPath(new URL("../../build", import.meta.url));

/** Standard output of a program that imports "perpend". Error: it fails, or takes more than 100 s. */
export function printedBy(code: string): string {
  // Inside the package, so that "perpend" is the package itself.
  const folder = mkdtempSync(join(build, "docs-"));
  try {
    const file = join(folder, "example.mjs");
    writeFileSync(file, code);
    return execFileSync(process.execPath, [file], { encoding: "utf8", timeout: 100_000 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
