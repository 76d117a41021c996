// Small trained models as checkpoints of `perpend train`, and what evaluation of a run makes of images: what predictors are compared with.
import { readFileSync } from "node:fs";
import { noGrad, scope, setBackend, softmax, tensor, withBackend, type Backend } from "../../ts/autograd/index.ts";
import { createWasmBackend } from "../../ts/backend/index.ts";
import { resolveSettings, type GivenSettings } from "../../ts/cli/settings/settings.ts";
import * as program from "../../ts/cli/settings/training-program.ts";
import { describeData } from "../../ts/data/description.ts";
import { shapes } from "../../ts/data/index.ts";
import type { Picture } from "../../ts/data/picture.ts";
import type { Layer } from "../../ts/nn/index.ts";
import { captureState, DataLoader, encodeCheckpoint, LocalPool, restoreState, type Checkpoint } from "../../ts/train/index.ts";

const moduleOf = (name: string): WebAssembly.Module =>
  new WebAssembly.Module(readFileSync(new URL(`../../build/${name}.wasm`, import.meta.url)));

export const strict: WebAssembly.Module = moduleOf("strict");
export const inference: WebAssembly.Module = moduleOf("inference");

export const data = shapes({ count: 40 });

/** The bytes of the checkpoint of a few steps. */
export async function trained(given: GivenSettings, steps = 2): Promise<Uint8Array> {
  const settings = resolveSettings({ model: "resnetv2_8", width: 8, batchSize: 16, ...given });
  const backend = createWasmBackend(strict);
  setBackend(backend);
  const pool = poolOf(settings, backend);
  const loader = new DataLoader(data, { batchSize: 16, shuffle: true, seed: 1 });
  let step = 0;
  for await (const batch of loader.epoch(0)) {
    if (step++ === steps) break;
    await pool.step(batch, { lr: 0.05 });
  }
  const about = { name: "run", settings, data: describeData(data) };
  const checkpoint = captureState(pool, { epoch: 0, batch: step, step }, about);
  await pool.close();
  return encodeCheckpoint(checkpoint);
}

function poolOf(settings: ReturnType<typeof resolveSettings>, backend: Backend): LocalPool {
  const options = { ...settings, classes: 10, channels: 3, imageSize: [32, 32] as const, observeEvery: 0 };
  const ema = settings.modelEmaDecay === null ? {} : { emaDecay: settings.modelEmaDecay };
  return withBackend(backend, () => new LocalPool(program, { options, ...ema }));
}

/** Probabilities [n, classes] as `perpend predict` comes to them: a whole run restored, its averages swapped in, batch by batch. */
export function evaluated(checkpoint: Checkpoint, images: Float32Array): Float32Array {
  const backend = createWasmBackend(strict);
  const pool = poolOf(checkpoint.state["settings"] as unknown as ReturnType<typeof resolveSettings>, backend);
  return withBackend(backend, () => {
    restoreState(pool, checkpoint);
    const model = (pool.model as Layer).eval() as Layer;
    const run = (): ArrayLike<number> =>
      scope(() => noGrad(() => softmax(model.forward(tensor(images, [images.length / 3072, 32, 32, 3]))).toArray()));
    return Float32Array.from(pool.ema ? pool.ema.swapped(run) : run());
  });
}

/** Images of the set as pictures. */
export function pictures(count: number): Picture[] {
  return Array.from({ length: count }, (_, index) => ({ width: 32, height: 32, pixels: Uint8Array.from(data.get(index).image) }));
}
