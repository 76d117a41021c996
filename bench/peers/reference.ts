// What perpend itself gives: the file that all peers start from, and the losses that they must show.
import { writeFileSync } from "node:fs";
import { LocalPool, stream, type RawBatch } from "../../ts/node.ts";
import { encodeSafetensors, type StoredTensor } from "../../ts/train/safetensors.ts";
import { IMAGES, LABELS, readStart } from "./exchange.ts";
import { classes, imageChannels, imageSide } from "./net.ts";
import * as program from "./program.ts";
import type { Job } from "./serve.ts";

/** Training steps whose losses are compared. */
export const checkedSteps = 3;

/** Writes the initial weights of a net and a batch of noise. */
export function writeStart(file: string, { net, depth }: Pick<Job, "net" | "depth">, batch: number): void {
  const model = program.createModel({ net, depth });
  const tensors: [string, StoredTensor][] = Object.entries(model.stateDict());
  model.dispose();
  const shape = [batch, imageSide, imageSide, imageChannels];
  const pixels = new Float32Array(batch * imageSide * imageSide * imageChannels);
  stream(1, "peers").fillNormal(pixels);
  tensors.push([IMAGES, { shape, values: pixels }]);
  tensors.push([LABELS, { shape: [batch], values: Int32Array.from({ length: batch }, (_, index) => (7 * index) % classes) }]);
  writeFileSync(file, encodeSafetensors(tensors));
}

/** The losses of the first steps of a training run, or of one evaluation, of the first images of a start file. */
export async function referenceLosses({
  file,
  work,
  net,
  depth,
  batch,
}: Pick<Job, "file" | "work" | "net" | "depth" | "batch">): Promise<number[]> {
  const { images, labels } = readStart(file, batch);
  const pool = new LocalPool(program, { options: { net, depth } });
  const raw: RawBatch = { images: images.values, labels, size: batch, shape: images.shape, epoch: 0, step: 0 };
  const losses: number[] = [];
  if (work === "train") for (let step = 0; step < checkedSteps; step++) losses.push((await pool.step({ ...raw, step })).loss);
  else {
    const each = (await pool.evaluate(raw)).losses;
    losses.push(each.reduce((sum, loss) => sum + loss, 0) / batch);
  }
  await pool.close();
  return losses;
}

/**
 * What is wrong with a peer's losses, or null. The first must agree to 1e-4: weights and forward pass are the same. What a step changes
 * must agree to 5 %: gradients (second loss) and momentum (third) are the same, but rounding has been fed back.
 */
export function differenceOf(losses: readonly number[], wanted: readonly number[]): string | null {
  const wrong = wanted.findIndex((loss, step) => {
    if (step >= losses.length) return false;
    if (step === 0) return !(Math.abs(losses[0] - loss) <= 1e-4);
    const change = loss - wanted[step - 1];
    return !(Math.abs(losses[step] - losses[step - 1] - change) <= 0.05 * Math.abs(change));
  });
  if (wrong < 0) return null;
  return `loss ${losses[wrong].toFixed(6)} at step ${wrong + 1}, wanted ${wanted[wrong].toFixed(6)}: not the same net`;
}
