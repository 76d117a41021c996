// Features of a set: what a layer is given, or gives, for each image, collected in the order of the batches.
import { globalAveragePool, noGrad, scope, tensor, type Tensor } from "../autograd/index.ts";
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

/** Runs `work` and tells `see` what `layer` was given and gave. */
function seeing<T>(layer: Layer, see: (input: Tensor, output: Tensor) => void, work: () => T): T {
  const own = Object.hasOwn(layer, "forward");
  const forward = layer.forward.bind(layer);
  const before = layer.forward;
  layer.forward = (x) => {
    const y = forward(x);
    see(x, y);
    return y;
  };
  try {
    return work();
  } finally {
    if (own) layer.forward = before;
    else Reflect.deleteProperty(layer, "forward");
  }
}

/**
 * What `layer`, a part of `model`, is given (or gives) for each image of the batches, in evaluation. The model stays in evaluation. Errors: a
 * layer that the model does not run by itself (as a norm that is folded into a convolution), or more than once; no images.
 */
export async function collectFeatures(
  model: Layer,
  layer: Layer,
  batches: AsyncIterable<ImageBatch> | Iterable<ImageBatch>,
  { of = "input", positions = "mean", samples = Infinity }: CollectOptions = {},
): Promise<Features> {
  model.eval();
  const rows: number[] = [];
  let [count, width] = [0, 0];
  for await (const { images, shape } of batches) {
    if (count >= samples) break;
    let calls = 0;
    const see = (input: Tensor, output: Tensor): void => {
      calls++;
      const taken = rowsOf(of === "input" ? input : output, positions);
      width = taken.length / shape[0];
      const wanted = Math.min(shape[0], samples - count) * width;
      for (let at = 0; at < wanted; at++) rows.push(taken[at]);
    };
    seeing(layer, see, () => scope(() => noGrad(() => void model.forward(tensor(images, shape)))));
    if (calls !== 1)
      throw new Error(`collectFeatures: the layer ran ${calls} times in a forward pass, wanted one that the model runs once`);
    count += shape[0];
  }
  if (count === 0) throw new Error("collectFeatures: a set without images, wanted at least one");
  return featuresFrom(rows, width);
}
