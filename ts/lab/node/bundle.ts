// Builds the laboratory's page into build/lab with esbuild: page, worker and report share what they have in common, so that the parts of a
// thread see one class each. Run by `npm run build:lab`.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { palette } from "../../report/style.ts";

const root = new URL("../../../", import.meta.url);
const lab = new URL("ts/lab/", root);
const path = (address: string, base = lab): string => fileURLToPath(new URL(address, base));

/** The licenses of packages that files of a build come from. */
function licensesOf(inputs: readonly string[]): string {
  const names = inputs.flatMap((file) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  const texts = [...new Set(names)].sort().map((name) => {
    const folder = path(`node_modules/${name}/`, root);
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    return `${name}\n\n${file === undefined ? "see its package.json" : readFileSync(folder + file, "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** Builds the page beside its place and moves it there, so that nobody sees half of it. Errors: what esbuild says. */
export async function bundleLab(place: string): Promise<void> {
  const out = `${place}.${process.pid}`;
  mkdirSync(out, { recursive: true });
  const { version } = JSON.parse(readFileSync(path("package.json", root), "utf8")) as { readonly version: string };
  const shared = {
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    define: { PERPEND_VERSION: JSON.stringify(version) },
  } as const;
  const { metafile } = await build({
    ...shared,
    metafile: true,
    entryPoints: {
      lab: path("page/main.tsx"),
      worker: path("worker.ts"),
      "team-worker": path("team-worker.ts"),
      report: path("report-worker.ts"),
    },
    splitting: true,
    chunkNames: "part-[hash]",
    jsx: "automatic",
    jsxImportSource: "preact",
    outdir: out,
  });
  await build({ ...shared, entryPoints: { lab: path("page/lab.css") }, outdir: out });
  const css = `${out}/lab.css`;
  writeFileSync(css, `${palette}\n${readFileSync(css, "utf8")}`);
  for (const file of ["index.html", "icon.svg"]) copyFileSync(path(`page/${file}`), `${out}/${file}`);
  const kernels = path("build/strict.wasm", root);
  if (existsSync(kernels)) copyFileSync(kernels, `${out}/strict.wasm`);
  const files = readdirSync(out).sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(`${out}/${file}`));
  await build({
    ...shared,
    define: { PERPEND_FILES: JSON.stringify(files), PERPEND_BUILD: JSON.stringify(hash.digest("hex").slice(0, 16)) },
    entryPoints: { offline: path("offline.ts") },
    outdir: out,
  });
  // Not for the page: not every server has it, and one file that is missing would keep the service worker from all.
  writeFileSync(`${out}/licenses.txt`, licensesOf(Object.keys(metafile.inputs)));
  rmSync(place, { recursive: true, force: true });
  renameSync(out, place);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleLab(process.argv[2] ?? path("build/lab", root));
