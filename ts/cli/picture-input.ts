// A picture of any size as a model takes it: scaled until it just covers the model's input, then the middle of it.
// Scaling is a triangle filter along each axis (as "bilinear" with antialiasing in Pillow and torchvision): the value at an output
// pixel is the mean of the input within max(1, scale) of its center, weighted by 1 - distance / max(1, scale), where scale is input
// size over output size. A picture that has the right size is taken as it is.
import type { Picture } from "./picture.ts";

/** For each output pixel its first input pixel and the weights from there on, which add up to 1. */
function taps(input: number, output: number): { readonly first: number; readonly weights: Float64Array }[] {
  const scale = input / output;
  const reach = Math.max(1, scale);
  return Array.from({ length: output }, (_, at) => {
    const center = (at + 0.5) * scale;
    const first = Math.max(0, Math.floor(center - reach + 0.5));
    const last = Math.min(input, Math.floor(center + reach + 0.5));
    const weights = Float64Array.from({ length: last - first }, (_none, tap) =>
      Math.max(0, 1 - Math.abs(first + tap + 0.5 - center) / reach),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** Scales to width x height; values stay real numbers. */
export function resize({ pixels, ...from }: Picture, width: number, height: number): Float64Array {
  const across = taps(from.width, width);
  const down = taps(from.height, height);
  const rows = new Float64Array(3 * width * from.height);
  for (let y = 0; y < from.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = across[x];
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap++) sum += weights[tap] * pixels[3 * (y * from.width + first + tap) + c];
        rows[3 * (y * width + x) + c] = sum;
      }
    }
  }
  const scaled = new Float64Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const { first, weights } = down[y];
    for (let i = 0; i < 3 * width; i++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) sum += weights[tap] * rows[3 * (first + tap) * width + i];
      scaled[3 * y * width + i] = sum;
    }
  }
  return scaled;
}

export interface InputShape {
  readonly width: number;
  readonly height: number;
  /** 3 as red, green and blue; 1 as brightness, 0.299 R + 0.587 G + 0.114 B. */
  readonly channels: number;
  /** Of each channel, on the scale 0 .. 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The normalized values [height, width, channels] of the middle of a picture. */
export function inputOf(picture: Picture, { width, height, channels, mean, std }: InputShape): Float32Array {
  const cover = Math.max(width / picture.width, height / picture.height);
  const wide = Math.max(width, Math.floor(picture.width * cover + 0.5));
  const tall = Math.max(height, Math.floor(picture.height * cover + 0.5));
  const scaled = wide === picture.width && tall === picture.height ? Float64Array.from(picture.pixels) : resize(picture, wide, tall);
  const [left, top] = [Math.floor((wide - width) / 2), Math.floor((tall - height) / 2)];
  const values = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * ((top + y) * wide + left + x);
      const [red, green, blue] = [scaled[from], scaled[from + 1], scaled[from + 2]];
      const colors = channels === 1 ? [0.299 * red + 0.587 * green + 0.114 * blue] : [red, green, blue];
      for (let c = 0; c < channels; c++) values[(y * width + x) * channels + c] = (colors[c] / 255 - mean[c]) / std[c];
    }
  }
  return values;
}
