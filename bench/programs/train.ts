// A process that trains one net: started with what to train, it takes the first step by itself and another one for each message, and
// answers what that took. Its memory and its threads are its own.
import { performance } from "node:perf_hooks";
import { createTeam, kernelPath, LocalPool, stream, type JsonObject, type Pool, type RawBatch } from "../../ts/node.ts";
import * as program from "./resnet.ts";

/** What to train. */
export interface Job {
  readonly options: JsonObject;
  readonly batch: number;
  /** 0 is the calling thread. */
  readonly workers: number;
}

export interface Answer {
  /** Milliseconds of a step, wall and CPU of all threads. */
  readonly ms: number;
  readonly cpu: number;
  /** Largest resident memory so far, in MB (10^6 bytes). */
  readonly peakMemory: number;
  readonly loss: number;
  /** The code that V8 made of the kernels. */
  readonly path: "wide" | "plain";
  /** Milliseconds from the start of the process until the package was loaded and until the first step was done. */
  readonly loaded: number;
  readonly firstStep: number;
}

const SIDE = 32;
const CLASSES = 10;

const { options, batch, workers } = JSON.parse(process.argv[2]) as Job;
const loaded = performance.now();

const images = stream(1, "bench").fillNormal(new Float32Array(batch * SIDE * SIDE * 3)) as Float32Array;
const labels = Array.from({ length: batch }, (_, index) => index % CLASSES);
const pool: Pool =
  workers === 0
    ? new LocalPool(program, { options })
    : await createTeam({ module: new URL("./resnet.js", import.meta.url), workers, options });

let steps = 0;
let firstStep = 0;

async function step(): Promise<Answer> {
  const raw: RawBatch = { images, labels, size: batch, shape: [batch, SIDE, SIDE, 3], epoch: 0, step: steps++ };
  const cpu = process.cpuUsage();
  const start = performance.now();
  const { loss } = await pool.step(raw);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  if (firstStep === 0) firstStep = performance.now();
  const peakMemory = (1024 * process.resourceUsage().maxRSS) / 1e6;
  return { ms, cpu: (user + system) / 1000, peakMemory, loss, path: kernelPath().path, loaded, firstStep };
}

async function answer(): Promise<void> {
  process.send?.(await step());
}

process.on("message", () => void answer());
process.on("disconnect", () => process.exit());
await answer();
