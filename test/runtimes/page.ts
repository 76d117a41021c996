// Trains cases in a browser, on one thread, and sends their outcomes, or what went wrong, to the server that the page came from.
import * as perpend from "../../ts/index.ts";
import { openHere, outcomesOf } from "./cases.ts";
import type { Answer, Request } from "./request.ts";

async function train({ runs }: Request): Promise<Answer> {
  const response = await fetch("/build/strict.wasm");
  const kernels = await WebAssembly.compile(await response.arrayBuffer());
  perpend.setBackend(() => perpend.createWasmBackend(kernels));
  return { path: "plain", outcomes: await outcomesOf(perpend, runs, (_name, given) => openHere(perpend, given)) };
}

async function answer(): Promise<string> {
  try {
    const request = (await (await fetch("/request")).json()) as Request;
    return JSON.stringify(await train(request));
  } catch (error) {
    return String(error instanceof Error ? error.stack : error);
  }
}

await fetch("/answer", { method: "POST", body: await answer() });
