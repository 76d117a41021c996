// perpend info: what this machine and this engine offer, and what a model is made of.
import { statfsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { Command } from "commander";
import { CONTRACT } from "../../contract.ts";
import { formatSummary } from "../../models/index.ts";
import { readKernels } from "../../node.ts";
import { openKernels } from "../machine/kernels.ts";
import { describeMachine } from "../machine/machine.ts";
import { memoryLines, memoryOf, summaryOf } from "../terminal/model-line.ts";
import { packageCommit, packageVersion } from "../machine/package-info.ts";
import { MODELS, resolveSettings } from "../settings/settings.ts";
import { number, oneOf } from "../settings/usage.ts";

const GIB = 2 ** 30;
const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;

/** The smallest module that uses a 128-bit vector: (func (result v128) i32.const 0 i8x16.splat). */
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];

function offers(bytes: readonly number[] | Uint8Array): boolean {
  return WebAssembly.validate(Uint8Array.from(bytes));
}

/** What is found, by name. */
function findings(): Record<string, string | number | boolean> {
  const machine = describeMachine();
  const kernels = openKernels(false);
  // Asked before anything switches it on.
  const relaxed = offers(readKernels("relaxed"));
  const commit = packageCommit();
  return {
    perpend: commit === undefined ? packageVersion() : `${packageVersion()} (${commit.slice(0, 12)})`,
    runtime: machine.runtime,
    engine: machine.engine,
    platform: `${machine.platform} ${machine.architecture}`,
    cpu: machine.cpu,
    cores: availableParallelism(),
    simd: offers(SIMD),
    relaxedSimd: relaxed ? "yes" : "behind a flag of the engine, which --fast sets",
    sharedMemory: typeof SharedArrayBuffer === "function",
    threads: typeof Worker === "function" || process.versions["node"] !== undefined,
    kernels: `${kernels.name}${kernels.build === "strict" ? " (the same bits everywhere)" : ""}`,
    kernelPath: kernels.path,
    kernelPathReason: kernels.reason,
    contract: CONTRACT,
    memory: gib(totalmem()),
    memoryLimit: gib(Math.min(totalmem(), process.constrainedMemory?.() || Infinity)),
    heapLimit: gib(getHeapStatistics().heap_size_limit),
    wasmLimit: gib(4 * GIB),
    freeDisk: freeDisk(),
  };
}

function freeDisk(): string {
  try {
    const { bavail, bsize } = statfsSync(".");
    return gib(bavail * bsize);
  } catch {
    return "unknown";
  }
}

const LABELS: Record<string, string> = {
  simd: "SIMD",
  relaxedSimd: "relaxed SIMD",
  kernelPath: "kernel path",
  kernelPathReason: "  because",
  sharedMemory: "shared memory",
  memoryLimit: "memory limit",
  heapLimit: "JavaScript heap",
  wasmLimit: "wasm memory",
  freeDisk: "free disk here",
};

function printFindings(): void {
  const width = 16;
  for (const [key, value] of Object.entries(findings())) {
    const shown = typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
    process.stdout.write(`${(LABELS[key] ?? key).padEnd(width)}${shown}\n`);
  }
}

interface InfoOptions {
  readonly model?: string;
  readonly width?: number;
  readonly classes: number;
  readonly imgSize: number;
  readonly channels: number;
  readonly batchSize?: number;
  readonly checkpointBlocks?: number;
  readonly json?: boolean;
}

function info({ model, width, classes, imgSize, channels, batchSize, checkpointBlocks, json }: InfoOptions): void {
  if (model === undefined) {
    if (json) process.stdout.write(`${JSON.stringify(findings())}\n`);
    else printFindings();
    return;
  }
  const settings = resolveSettings({
    model,
    ...(width !== undefined && { width }),
    ...(batchSize !== undefined && { batchSize }),
    ...(checkpointBlocks !== undefined && { checkpointBlocks }),
  });
  const image = { height: imgSize, width: imgSize, channels };
  const summary = summaryOf(settings, image, classes);
  const memory = memoryOf(settings, image, classes);
  process.stdout.write(json ? `${JSON.stringify({ ...summary, memory })}\n` : `${formatSummary(summary)}\n${memoryLines(memory)}\n`);
}

export function addInfo(program: Command): void {
  const whole = { whole: true, least: 1 };
  program
    .command("info")
    .summary("what this machine offers, and what a model is made of")
    .description("Prints engine, SIMD, threads, kernels and memory; with --model the layers of a model.")
    .option("--model <name>", "print the layers of this model", oneOf("--model", MODELS))
    .option("--width <channels>", "channels of its first stage", number("--width", whole))
    .option("--classes <count>", "classes it tells apart", number("--classes", whole), 10)
    .option("--img-size <pixels>", "height and width of its images", number("--img-size", whole), 32)
    .option("--channels <count>", "channels of its images", number("--channels", whole), 3)
    .option("-b, --batch-size <images>", "images of the training step whose memory is told (default: 128)", number("--batch-size", whole))
    .option("--checkpoint-blocks <blocks>", "tell its memory with this flag of train, too", number("--checkpoint-blocks", whole))
    .option("--json", "print one line of JSON")
    .addHelpText(
      "after",
      `
Examples:
  perpend info
  perpend info --model resnetv2_110`,
    )
    .action((options: InfoOptions) => info(options));
}
