// A few held-out images with what the model says of them, for the report.
import type { Dataset } from "../../data/index.ts";
import { augment } from "../../data/augment.ts";
import type { Pool, SamplesEvent } from "../../train/index.ts";
import { pngDataUrl } from "../../train/png.ts";

/** The first images of a set as a samples event. Images are stored as bytes; others are stretched to 0 .. 255. */
export async function samplesOf(pool: Pool, dataset: Dataset, count: number, step: number): Promise<SamplesEvent> {
  const size = Math.min(count, dataset.length);
  const { height, width, channels } = dataset.image;
  const values = height * width * channels;
  const images = new Float32Array(size * values);
  const write = augment(dataset);
  for (let index = 0; index < size; index++) write(index, 0, images, index * values);
  const labels = Array.from(dataset.labels.subarray(0, size));
  const batch = { images, labels, size, shape: [size, height, width, channels], epoch: 0, step: 0, shards: Math.max(1, pool.workers) };
  const { predictions, probabilities } = await pool.evaluate(batch, { ema: pool.ema !== null });
  const pictures = labels.map((_, index) => {
    const pixels = dataset.get(index).image;
    const bytes = pixels instanceof Uint8Array ? pixels : Uint8Array.from(pixels, (value) => Math.max(0, Math.min(255, 255 * value)));
    return pngDataUrl(bytes, width, height, channels === 3 ? 3 : 1);
  });
  return { type: "samples", step, images: pictures, labels, predictions: [...predictions], probabilities: [...probabilities] };
}
