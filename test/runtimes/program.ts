// Trains cases in Node, Bun or Deno and prints their outcomes. Runs as plain JavaScript of build/test/runtimes, beside the built package.
import { readFileSync } from "node:fs";
import * as perpend from "../../ts/index.ts";
import { openHere, outcomesOf, type Case } from "./cases.ts";
import type { Answer, Request } from "./request.ts";

const { entry, workers, runs } = JSON.parse(process.argv[2]) as Request;

async function open(name: string, given: Case): Promise<perpend.Pool> {
  if (workers === 0) return openHere(perpend, given);
  const { createTeam } = await import("../../ts/node.ts");
  const module = new URL("./team-program.js", import.meta.url);
  return createTeam({ module, workers, options: { name }, ...(given.emaDecay !== undefined && { emaDecay: given.emaDecay }) });
}

let path: Answer["path"] = "plain";
if (entry === "node") ({ path } = (await import("../../ts/node.ts")).kernelPath());
else {
  const kernels = new WebAssembly.Module(readFileSync(new URL("../../strict.wasm", import.meta.url)));
  perpend.setBackend(() => perpend.createWasmBackend(kernels));
}

const answer: Answer = { path, outcomes: await outcomesOf(perpend, runs, open) };
console.log(JSON.stringify(answer));
// A runtime that leaves something running would wait for it.
process.exit(0);
