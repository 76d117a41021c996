// Trains a small model on the drawn shapes that come with the package, and writes what serving needs of it to examples/model.safetensors:
//   node --import tsx examples/make-model.ts
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkpointForServing } from "perpend/serve";

/** Trains for some seconds and writes the checkpoint. */
export function makeModel(file: string, { samples = 2000, epochs = 3 } = {}): void {
  const folder = mkdtempSync(join(tmpdir(), "perpend-example-"));
  try {
    const perpend = fileURLToPath(new URL("../build/node/ts/cli/perpend.js", import.meta.url));
    const data = ["--train-samples", String(samples), "--test-samples", "200", "--epochs", String(epochs), "--batch-size", "50"];
    const run = ["--model", "resnetv2_8", "--width", "8", "--output", folder, "--experiment", "shapes", "--workers", "0"];
    execFileSync(process.execPath, [perpend, "train", ...data, ...run], { stdio: ["ignore", "ignore", "inherit"] });
    const checkpoint = readFileSync(join(folder, "shapes/checkpoints/best.safetensors"));
    writeFileSync(file, checkpointForServing(checkpoint));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL("model.safetensors", import.meta.url));
  makeModel(file);
  console.log(`${file}: ${(readFileSync(file).length / 1000).toFixed(0)} kB`);
}
