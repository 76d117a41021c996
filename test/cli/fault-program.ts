// The program of `perpend train` in which the thread of the last worker ends in mid-step, once: PERPEND_TEST_FAULT names the file that
// says that it has happened.
import { existsSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import type { Module } from "../../ts/nn/index.ts";
import type { Batch, JsonObject, LossAndLogits } from "../../ts/train/index.ts";
import * as program from "../../ts/cli/settings/training-program.ts";

export * from "../../ts/cli/settings/training-program.ts";

const STEP = 4;

export function loss(model: Module, batch: Batch, options: JsonObject): LossAndLogits {
  const mark = process.env["PERPEND_TEST_FAULT"] ?? "";
  if (!isMainThread && batch.step + 1 === STEP && batch.slice.first > 0 && mark !== "" && !existsSync(mark)) {
    writeFileSync(mark, "");
    process.exit(3);
  }
  return program.loss(model, batch, options);
}
