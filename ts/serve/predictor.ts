// Classes of pictures by a trained model, in any engine: the model of a checkpoint, its batch norms folded once.
import { currentBackend, noGrad, scope, softmax, tensor, withBackend } from "../autograd/index.ts";
import { createWasmBackend } from "../backend/index.ts";
import type { DataDescription } from "../data/description.ts";
import { inputOf } from "../data/picture-input.ts";
import { overWhite, type Picture } from "../data/picture.ts";
import { foldingOnce, type FoldedConvolutions } from "../nn/index.ts";
import type { Checkpoint } from "../train/checkpoint-format.ts";
import { loadTrainedModel, type ReadOptions } from "./trained-model.ts";

export interface Prediction {
  /** Number of the class. */
  readonly class: number;
  readonly name: string;
  readonly probability: number;
}

export interface PredictorOptions extends ReadOptions {
  /** Compiled strict.wasm or inference.wasm; by default predictors share the current backend. */
  readonly kernels?: WebAssembly.Module;
  /** Classes that predict() names, 5 by default. */
  readonly topK?: number;
  /** Images that are computed together at most, 32 by default; more come one part after the other. */
  readonly batchSize?: number;
}

/** A picture as a page's canvas gives it: ImageData. Where it is transparent, white shows through. */
export interface CanvasPicture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4], red, green, blue and alpha, 0 .. 255. */
  readonly data: Uint8ClampedArray | Uint8Array;
}

export interface Predictor {
  /** The model's name. */
  readonly model: string;
  /** The images that the model takes, and its classes. */
  readonly data: DataDescription;
  /**
   * The likeliest classes of each picture, the likeliest first. A picture is scaled until it covers the model's input, and its middle taken.
   * Errors: no picture that is whole; probabilities that are not finite.
   */
  predict(pictures: readonly (Picture | CanvasPicture)[], options?: { readonly topK?: number }): Prediction[][];
  /** Probabilities [n, classes] of images [n, height, width, channels] as the model takes them: (value - mean) / std on the scale 0 .. 1. */
  probabilities(images: Float32Array): Float32Array;
  /** Frees the model's memory. */
  dispose(): void;
}

/** Numbers of the `count` largest probabilities, the largest first, of equal ones the first. */
export function likeliest(probabilities: ArrayLike<number>, count: number): number[] {
  const order = Array.from({ length: probabilities.length }, (_, index) => index);
  return order.sort((a, b) => probabilities[b] - probabilities[a] || a - b).slice(0, count);
}

function checkCount(what: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`predictor: ${what} ${value}, wanted a whole number of at least 1`);
  return value;
}

/** Red, green and blue of a picture. Error: one that is not whole. */
function checked(picture: Picture | CanvasPicture): Picture {
  const { width, height } = picture;
  const [values, each] = "data" in picture ? [picture.data, 4] : [picture.pixels, 3];
  const whole = Number.isSafeInteger(width) && Number.isSafeInteger(height) && width >= 1 && height >= 1;
  if (!whole || values.length !== each * width * height)
    throw new Error(
      `predict: a picture of ${width}x${height} with ${values.length} values, wanted ${each} for each of at least 1x1 pixels`,
    );
  return "data" in picture ? overWhite({ width, height, pixels: picture.data }) : picture;
}

/** A predictor of a checkpoint of `perpend train`. Throws FormatError, as loadTrainedModel. */
export function createPredictor(
  checkpoint: Uint8Array | Checkpoint,
  { kernels, topK: usualCount = 5, batchSize = 32, ...reading }: PredictorOptions = {},
): Predictor {
  checkCount("topK", usualCount);
  checkCount("batchSize", batchSize);
  const backend = kernels ? createWasmBackend(kernels) : currentBackend();
  const { model, name, data } = withBackend(backend, () => loadTrainedModel(checkpoint, reading));
  const { classNames, height, width, channels } = data;
  const classes = classNames.length;
  const size = height * width * channels;
  const folded: FoldedConvolutions = new Map();

  const run = (images: Float32Array): ArrayLike<number> =>
    withBackend(backend, () =>
      foldingOnce(folded, () =>
        scope(() => noGrad(() => softmax(model.forward(tensor(images, [images.length / size, height, width, channels]))).toArray())),
      ),
    );
  const probabilities = (images: Float32Array): Float32Array => {
    const count = images.length / size;
    if (!Number.isSafeInteger(count)) throw new Error(`probabilities: ${images.length} values, wanted ${size} for each image`);
    const found = new Float32Array(count * classes);
    for (let from = 0; from < count; from += batchSize)
      found.set(run(images.subarray(from * size, Math.min(count, from + batchSize) * size)), from * classes);
    return found;
  };
  return {
    model: name,
    data,
    probabilities,
    predict: (pictures, { topK = usualCount } = {}) => {
      checkCount("topK", topK);
      const images = new Float32Array(pictures.length * size);
      pictures.forEach((picture, index) => {
        images.set(inputOf(checked(picture), data), index * size);
      });
      const all = probabilities(images);
      if (!all.every(Number.isFinite)) throw new Error("predict: probabilities that are not finite, wanted a model that did not diverge");
      return pictures.map((_, index) => {
        const own = all.subarray(index * classes, (index + 1) * classes);
        return likeliest(own, topK).map((at) => ({ class: at, name: classNames[at], probability: own[at] }));
      });
    },
    dispose: () => {
      for (const { filter, bias } of folded.values()) {
        filter.dispose();
        bias.dispose();
      }
      folded.clear();
      model.dispose();
    },
  };
}
