// The command behind `npm run bench`: each file of this folder is a bench and runs in a process of its own, one after another.
//   npm run bench                                               all of them
//   npm run bench -- --only kernels                             those with this in their name; several with commas
//   npm run bench -- --only kernels -- build/strict.wasm conv   what follows the second -- goes to the bench

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freshBuild } from "../test/fresh-build.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const home = fileURLToPath(new URL("..", import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", default: "" }, list: { type: "boolean", default: false } },
});
const all = readdirSync(folder)
  .filter((name) => name.endsWith(".ts") && name !== "run.ts")
  .map((name) => name.slice(0, -3))
  .sort();
const chosen = all.filter((name) => values.only.split(",").some((part) => name.includes(part)));

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

if (chosen.length === 0) fail(`bench: --only is ${values.only}, one of these is wanted: ${all.join(", ")}`);
if (values.list) {
  console.log(chosen.join("\n"));
} else {
  const { failure } = await freshBuild(home);
  if (failure !== null) fail(failure);
  const failed = chosen.filter((name) => {
    console.log(`== ${name}`);
    return (
      spawnSync(process.execPath, ["--import", "tsx", `${folder}${name}.ts`, ...positionals], { cwd: home, stdio: "inherit" }).status !== 0
    );
  });
  if (failed.length > 0) fail(`bench: ${failed.join(", ")} failed`);
}
