// Reads the file that all peers start from, so that they provably run the same net: initial weights by key in PyTorch's layouts,
// images [N,H,W,C] and classes, as safetensors.
import { readFileSync } from "node:fs";
import { decodeSafetensors } from "../../ts/train/safetensors.ts";
import { classes } from "./net.ts";

export const IMAGES = "batch.images";
export const LABELS = "batch.labels";

export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface Start {
  readonly weights: ReadonlyMap<string, Values>;
  /** [N,H,W,C]. */
  readonly images: Values;
  readonly labels: Int32Array;
}

/** What a start file holds; with `count`, the first images only. */
export function readStart(file: string, count?: number): Start {
  const { tensors } = decodeSafetensors(readFileSync(file), file);
  const weights = new Map<string, Values>();
  for (const [key, { shape, values }] of tensors) if (values instanceof Float32Array && key !== IMAGES) weights.set(key, { shape, values });
  const { shape, values } = tensors.get(IMAGES) as Values;
  const labels = tensors.get(LABELS)?.values as Int32Array;
  const n = count ?? shape[0];
  const size = values.length / shape[0];
  return {
    weights,
    images: { shape: [n, ...shape.slice(1)], values: values.subarray(0, n * size) },
    labels: labels.subarray(0, n),
  };
}

/** The values of one key. */
export function weightOf({ weights }: Start, key: string): Values {
  const found = weights.get(key);
  if (found === undefined) throw new Error(`peers: no ${key} among ${weights.size} weights`);
  return found;
}

/** Values of [a,b,c,d] in another order of axes, as in numpy's transpose. */
export function reordered({ shape, values }: Values, axes: readonly [number, number, number, number]): Values {
  const strides = [shape[1] * shape[2] * shape[3], shape[2] * shape[3], shape[3], 1];
  const [a, b, c, d] = axes.map((axis) => shape[axis]);
  const [sa, sb, sc, sd] = axes.map((axis) => strides[axis]);
  const out = new Float32Array(values.length);
  let at = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++) for (let l = 0; l < d; l++) out[at++] = values[i * sa + j * sb + k * sc + l * sd];
  return { shape: [a, b, c, d], values: out };
}

/** Mean cross-entropy of logits [N,classes], in float64. */
export function crossEntropyOf(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  let sum = 0;
  for (let row = 0; row < labels.length; row++) {
    let largest = -Infinity;
    for (let k = 0; k < classes; k++) largest = Math.max(largest, logits[row * classes + k]);
    let total = 0;
    for (let k = 0; k < classes; k++) total += Math.exp(logits[row * classes + k] - largest);
    sum += largest + Math.log(total) - logits[row * classes + labels[row]];
  }
  return sum / labels.length;
}
