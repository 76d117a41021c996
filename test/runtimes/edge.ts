// Asks a program in workerd, which miniflare starts: node --import tsx test/runtimes/edge.ts <miniflare's main module> <folder of the bundle>
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

interface Miniflare {
  dispatchFetch(address: string): Promise<{ readonly ok: boolean; text(): Promise<string> }>;
  dispose(): Promise<void>;
}

const [main, folder] = process.argv.slice(2);
const { Miniflare: Starter } = (await import(pathToFileURL(main).href)) as { Miniflare: new (options: object) => Miniflare };
const modules = readdirSync(folder)
  .sort((a, b) => Number(b === "workerd.js") - Number(a === "workerd.js")) // the first one answers
  .map((name) => ({
    type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
    path: name,
    contents: readFileSync(join(folder, name), name.endsWith(".wasm") ? null : "utf8"),
  }));
const server = new Starter({ modules, compatibilityDate: "2026-04-01", cf: false });
const response = await server.dispatchFetch("http://localhost/");
console.log(await response.text());
await server.dispose();
process.exit(response.ok ? 0 : 1);
