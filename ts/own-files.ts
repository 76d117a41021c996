// Where this copy of the package has its files: as sources, compiled file by file (build/), or joined for Node (build/node/, from where a
// thread starts in a third of the time). Joined code lies one folder below build/, with all its shared parts in ts/.
const own = import.meta.url;
const isSource = own.endsWith(".ts");
/** What holds ts/ and workers/. */
const base = new URL("../", own);
const isFileByFile = !isSource && base.pathname.endsWith("/build/");

/** The folder of package.json. */
export const packageFolder = isSource ? base : new URL(isFileByFile ? "../" : "../../", base);

/** The ending of modules here. */
export const moduleEnding = isSource ? ".ts" : ".js";

/** A module or folder of this copy: `ownModule("workers/worker")`. */
export function ownModule(path: string): URL {
  return new URL(`${path}${path.endsWith("/") ? "" : moduleEnding}`, base);
}

/** A file that was built, as the kernels. */
export function builtFile(name: string): URL {
  return new URL(`build/${name}`, packageFolder);
}
