// Scaling of images as Pillow does it for float images ("F" mode): first along rows, then along columns, float32 between the two, sums in
// float64. Where an image shrinks, the filter is widened by the factor (antialiasing), so that every input pixel counts.
// The value at output pixel i is the sum of w((j + 0.5 - center) / f) x_j over the sum of these weights, center = (i + 0.5) s,
// s = input / output size, f = max(1, s), over the pixels j within support * f of the center.
import type { ImageShape } from "./image-shape.ts";

/** A kernel of interpolation: its value at a distance, and the distance from which on it is 0. */
export interface Filter {
  readonly label: string;
  readonly support: number;
  readonly weight: (distance: number) => number;
}

/** A triangle: PIL's BILINEAR, torchvision's "bilinear" with antialiasing. */
export const bilinear: Filter = {
  label: "bilinear",
  support: 1,
  weight: (distance) => Math.max(0, 1 - Math.abs(distance)),
};

/** Keys' cubic with a = -1/2: PIL's BICUBIC, torchvision's "bicubic" with antialiasing. It overshoots at edges. */
export const bicubic: Filter = {
  label: "bicubic",
  support: 2,
  weight: (distance) => {
    const x = Math.abs(distance);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  },
};

/** A rectangle of an image, in whole pixels. */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

interface Taps {
  /** First input pixel of each output pixel. */
  readonly first: Int32Array;
  readonly counts: Int32Array;
  /** Weights, `room` an output pixel; they add up to 1. */
  readonly weights: Float64Array;
  readonly room: number;
}

function tapsOf(input: number, output: number, { support, weight }: Filter): Taps {
  const scale = input / output;
  const widened = Math.max(1, scale);
  const reach = support * widened;
  const inverse = 1 / widened;
  const room = 2 * Math.ceil(reach) + 1;
  const first = new Int32Array(output);
  const counts = new Int32Array(output);
  const weights = new Float64Array(output * room);
  for (let at = 0; at < output; at++) {
    const center = (at + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - reach + 0.5));
    const count = Math.min(input, Math.trunc(center + reach + 0.5)) - from;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const value = weight((tap + from - center + 0.5) * inverse);
      weights[at * room + tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < count; tap++) if (sum !== 0) weights[at * room + tap] /= sum;
    first[at] = from;
    counts[at] = count;
  }
  return { first, counts, weights, room };
}

/**
 * A window (by default all) of an image [height, width, channels], scaled to `height` x `width`. Values outside the window are not
 * looked at. Values stay real numbers; a window that has the size already comes out as it is.
 */
export function resize(
  image: ArrayLike<number>,
  { width: stride, height: rows, channels }: ImageShape,
  { height, width }: { readonly height: number; readonly width: number },
  filter: Filter = bilinear,
  window: Window = { top: 0, left: 0, height: rows, width: stride },
): Float32Array {
  const across = tapsOf(window.width, width, filter);
  const down = tapsOf(window.height, height, filter);
  const middle = new Float32Array(window.height * width * channels);
  for (let y = 0; y < window.height; y++) {
    const row = ((window.top + y) * stride + window.left) * channels;
    for (let x = 0; x < width; x++) {
      const from = row + across.first[x] * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let tap = 0; tap < across.counts[x]; tap++) sum += image[from + tap * channels + c] * across.weights[x * across.room + tap];
        middle[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const values = width * channels;
  const scaled = new Float32Array(height * values);
  for (let y = 0; y < height; y++) {
    const from = down.first[y] * values;
    for (let i = 0; i < values; i++) {
      let sum = 0;
      for (let tap = 0; tap < down.counts[y]; tap++) sum += middle[from + tap * values + i] * down.weights[y * down.room + tap];
      scaled[y * values + i] = sum;
    }
  }
  return scaled;
}

/** The nearest byte, halves upward, as images of bytes store real numbers. */
export function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value + 0.5);
}
