// What a peer's process does: open the job it was given as its argument, then one timed step for each line on stdin, one line of JSON
// for each answer on stdout. Lines that are no such answers (what libraries print) are passed over by the reader.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export type Net = "resnet" | "vit";

export interface Job {
  /** The start file. */
  readonly file: string;
  readonly work: "train" | "infer";
  readonly net: Net;
  readonly depth: number;
  readonly batch: number;
  readonly threads: number;
  /** Which form of the peer, as "channels-last". */
  readonly form: string;
}

export interface Answer {
  readonly peer: "ready" | "step" | "missing" | "failed";
  /** ready: the library and its version. */
  readonly library?: string;
  /** ready: what runs it. */
  readonly runtime?: string;
  /** ready: images a step. */
  readonly batch?: number;
  readonly ms?: number;
  readonly loss?: number;
  /** Largest memory of the process so far, in bytes. */
  readonly memory?: number;
  /** missing, failed: why. */
  readonly reason?: string;
}

export interface Opened {
  readonly library: string;
  readonly batch: number;
  /** One step; returns the loss before the update. */
  readonly step: () => number | Promise<number>;
}

class NotInstalled extends Error {}

const require = createRequire(import.meta.url);

/** A package of bench/peers, or one file of it; the caller says what it uses of it. */
export function load<T>(name: string, path = name): T {
  try {
    return require(path) as T;
  } catch (error) {
    if ((error as { code?: string }).code === "MODULE_NOT_FOUND") throw new NotInstalled(name);
    throw error;
  }
}

/** Where a file of an installed package lies. */
export function locate(path: string): string {
  return fileURLToPath(new URL(`./node_modules/${path}`, import.meta.url));
}

/** The version of an installed package. */
export function versionOf(name: string): string {
  return (JSON.parse(readFileSync(locate(`${name}/package.json`), "utf8")) as { version: string }).version;
}

const say = (answer: Answer): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);

/** Serves until stdin ends. */
export async function serve(open: (job: Job) => Promise<Opened>): Promise<void> {
  try {
    const { library, batch, step } = await open(JSON.parse(process.argv[2]) as Job);
    say({ peer: "ready", library, batch, runtime: `Node ${process.versions.node}` });
    for await (const line of createInterface(process.stdin)) {
      if (line !== "step") continue;
      const start = performance.now();
      const loss = await step();
      const ms = performance.now() - start;
      say({ peer: "step", ms, loss, memory: process.resourceUsage().maxRSS * 1024 });
    }
    process.exit(0);
  } catch (error) {
    const missing = error instanceof NotInstalled;
    say({ peer: missing ? "missing" : "failed", reason: error instanceof Error ? error.message.split("\n")[0] : String(error) });
    if (!missing) console.error(error);
    process.exit(1);
  }
}
