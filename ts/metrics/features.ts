// Features of a set: what a layer is given, or gives, for each image, collected in the order of the batches.
import { currentBackend, globalAveragePool, noGrad, scope, tensor, withBackend, type Tensor } from "../autograd/index.ts";
import type { Layer } from "../nn/index.ts";

/** A row of features for each sample. */
export interface Features {
  readonly samples: number;
  readonly width: number;
  /** [samples, width] */
  readonly values: Float64Array;
}

/** Images of a set in parts; batches of a loader are of this kind. */
export interface ImageBatch {
  readonly images: Float32Array;
  /** [size, ...] */
  readonly shape: readonly number[];
}

export interface CollectOptions {
  /** The layer's input (by default) or its output. */
  readonly of?: "input" | "output";
  /** Maps [N,H,W,C] and tokens [N,T,D]: the mean over positions (by default), or all values in a row. */
  readonly positions?: "mean" | "all";
  /** Stop after so many samples. */
  readonly samples?: number;
}

/** Features from numbers, row by row. Error: lengths that do not fit. */
export function featuresFrom(values: ArrayLike<number>, width: number): Features {
  const samples = values.length / width;
  if (!Number.isInteger(samples)) throw new Error(`featuresFrom: ${values.length} values, wanted a multiple of the width ${width}`);
  return { samples, width, values: Float64Array.from(values) };
}

/** The mean over tokens. */
function meanOfTokens(x: Tensor): Float64Array {
  const [n, tokens, width] = x.shape;
  const values = x.toArray();
  const out = new Float64Array(n * width);
  for (let sample = 0; sample < n; sample++)
    for (let token = 0; token < tokens; token++)
      for (let at = 0; at < width; at++) out[sample * width + at] += values[(sample * tokens + token) * width + at] / tokens;
  return out;
}

function rowsOf(x: Tensor, positions: "mean" | "all"): ArrayLike<number> {
  if (positions === "all" || x.rank === 2) return x.toArray();
  return x.rank === 4 ? globalAveragePool(x).toArray() : meanOfTokens(x);
}

/** Runs `work` and tells `see` what each of the layers was given and gave. */
function seeing<T>(layers: readonly Layer[], see: (place: number, input: Tensor, output: Tensor) => void, work: () => T): T {
  const before = layers.map((layer) => ({ layer, own: Object.hasOwn(layer, "forward"), forward: layer.forward }));
  layers.forEach((layer, place) => {
    const forward = layer.forward.bind(layer);
    layer.forward = (x) => {
      const y = forward(x);
      see(place, x, y);
      return y;
    };
  });
  try {
    return work();
  } finally {
    for (const { layer, own, forward } of before.reverse())
      if (own) layer.forward = forward;
      else Reflect.deleteProperty(layer, "forward");
  }
}

/** As collectFeatures, of several layers in the same forward passes. */
export async function collectLayers(
  model: Layer,
  layers: readonly Layer[],
  batches: AsyncIterable<ImageBatch> | Iterable<ImageBatch>,
  { of = "input", positions = "mean", samples = Infinity }: CollectOptions = {},
): Promise<Features[]> {
  model.eval();
  // That of the weights: nets of a team have one of their own.
  const backend = model.parameters()[0]?.backend ?? currentBackend();
  const found = layers.map(() => ({ rows: [] as number[], width: 0, calls: 0 }));
  let count = 0;
  for await (const { images, shape } of batches) {
    if (count >= samples) break;
    for (const each of found) each.calls = 0;
    const see = (place: number, input: Tensor, output: Tensor): void => {
      const own = found[place];
      own.calls++;
      const taken = rowsOf(of === "input" ? input : output, positions);
      own.width = taken.length / shape[0];
      const wanted = Math.min(shape[0], samples - count) * own.width;
      for (let at = 0; at < wanted; at++) own.rows.push(taken[at]);
    };
    const run = (): void => scope(() => noGrad(() => void model.forward(tensor(images, shape))));
    seeing(layers, see, () => withBackend(backend, run));
    for (const { calls } of found)
      if (calls !== 1)
        throw new Error(`collectFeatures: the layer ran ${calls} times in a forward pass, wanted one that the model runs once`);
    count += shape[0];
  }
  if (count === 0) throw new Error("collectFeatures: a set without images, wanted at least one");
  return found.map(({ rows, width }) => featuresFrom(rows, width));
}

/**
 * What `layer`, a part of `model`, is given (or gives) for each image of the batches, in evaluation. The model stays in evaluation. Errors: a
 * layer that the model does not run by itself (as a norm that is folded into a convolution), or more than once; no images.
 */
export async function collectFeatures(
  model: Layer,
  layer: Layer,
  batches: AsyncIterable<ImageBatch> | Iterable<ImageBatch>,
  options: CollectOptions = {},
): Promise<Features> {
  const [features] = await collectLayers(model, [layer], batches, options);
  return features;
}
