// perpend in a browser: the kernels are fetched from beside the package, by a page while it imports this, by a worker when it first needs
// them; teams of Web Workers where the page is cross-origin isolated.
import { createTeam as createTeamOf, type WebTeam, type WebTeamOptions } from "../workers/web/team.ts";
import { createWasmBackend, setBackend } from "./index.ts";

export * from "./index.ts";
export { joinTeam } from "../workers/web/join.ts";
export { teamObstacle, type WebTeam, type WebTeamOptions } from "../workers/web/team.ts";

/** Written out as bundlers look for it. */
const address = new URL("../strict.wasm", import.meta.url);

function refuse(why: string): Error {
  return new Error(
    `loadKernels: ${address.href}: ${why}, wanted strict.wasm of the package there (docs/runtimes.md: bundlers); or give setBackend a backend of your own`,
  );
}

/** Hosts and bundlers like to answer with a page of theirs what they do not have. */
function checked(bytes: ArrayBuffer, type: string | null): ArrayBuffer {
  const isWasm = bytes.byteLength >= 4 && new DataView(bytes).getUint32(0) === 0x0061736d;
  if (!isWasm) throw refuse(`answered with ${type ?? "something else"}`);
  return bytes;
}

async function fetchKernels(): Promise<WebAssembly.Module> {
  const response = await fetch(address).catch((error: unknown) => {
    throw refuse(error instanceof Error ? error.message : String(error));
  });
  if (!response.ok) throw refuse(`answered ${response.status}`);
  return WebAssembly.compile(checked(await response.arrayBuffer(), response.headers.get("content-type")));
}

/** What a worker may do and a page must not: wait for it. */
function fetchKernelsAtOnce(): WebAssembly.Module {
  if (typeof XMLHttpRequest === "undefined") throw refuse("this kind of worker cannot wait for it");
  const request = new XMLHttpRequest();
  request.open("GET", address, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw refuse(`answered ${request.status}`);
  return new WebAssembly.Module(checked(request.response as ArrayBuffer, request.getResponseHeader("content-type")));
}

let compiled: WebAssembly.Module | null = null;
let trouble: unknown = null;

/** The compiled kernels. Error: an address that does not have them. */
export function loadKernels(): WebAssembly.Module {
  if (trouble !== null) throw trouble as Error;
  compiled ??= fetchKernelsAtOnce();
  return compiled;
}

if (typeof document !== "undefined")
  try {
    compiled = await fetchKernels();
  } catch (error) {
    // Whoever needs no kernels, or has its own, is not to be disturbed.
    trouble = error;
  }

setBackend(() => createWasmBackend(loadKernels()));

/** Starts Web Workers that train a program together. Where they cannot, the calling thread does it alone, and the console says why. */
export async function createTeam(options: WebTeamOptions): Promise<WebTeam> {
  const { kernels = loadKernels() } = options;
  const team = await createTeamOf({ ...options, kernels });
  // A training several times as slow as it could be is worth a line.
  if (team.notice !== null) console.warn(team.notice);
  return team;
}
