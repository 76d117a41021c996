// What this copy of perpend says of itself: its version, and the commit where it is a checkout.
import { readFileSync } from "node:fs";
import { packageFolder } from "../../own-files.ts";

function read(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, packageFolder), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** The version in package.json. */
export function packageVersion(): string {
  const manifest = JSON.parse(read("package.json") ?? "{}") as { readonly version?: string };
  return manifest.version ?? "unknown";
}

/** The commit of a git checkout; undefined in an installed package. */
export function packageCommit(): string | undefined {
  const head = read(".git/HEAD");
  const branch = head?.startsWith("ref: ") ? head.slice(5) : undefined;
  if (branch === undefined) return head;
  const packed = read(".git/packed-refs")
    ?.split("\n")
    .find((line) => line.endsWith(` ${branch}`));
  return read(`.git/${branch}`) ?? packed?.split(" ")[0];
}
