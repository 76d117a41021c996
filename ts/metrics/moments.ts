// Centered features and sums of their products, in float64, in the order of the samples.
import type { Features } from "./features.ts";

/** Features less their mean over the samples. Error: fewer than two samples. */
export function centered(who: string, { samples, width, values }: Features): Features {
  if (samples < 2) throw new Error(`${who}: features of ${samples} samples, wanted at least 2`);
  const mean = new Float64Array(width);
  for (let at = 0; at < values.length; at++) mean[at % width] += values[at];
  for (let at = 0; at < width; at++) mean[at] /= samples;
  return { samples, width, values: values.map((value, at) => value - mean[at % width]) };
}

/** Samples and features in each other's place. */
export function turned({ samples, width, values }: Features): Features {
  const out = new Float64Array(values.length);
  for (let row = 0; row < samples; row++) for (let at = 0; at < width; at++) out[at * samples + row] = values[row * width + at];
  return { samples: width, width: samples, values: out };
}

/** Sums over the samples of a_i b_j, [a.width, b.width]. */
export function products(a: Features, b: Features): Float64Array {
  const out = new Float64Array(a.width * b.width);
  for (let row = 0; row < a.samples; row++)
    for (let i = 0; i < a.width; i++) {
      const factor = a.values[row * a.width + i];
      for (let j = 0, at = i * b.width, from = row * b.width; j < b.width; j++) out[at + j] += factor * b.values[from + j];
    }
  return out;
}
