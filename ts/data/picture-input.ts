// A picture of any size as a model takes it: scaled until it just covers the model's input, then the middle of it.
// Scaling is Pillow's bilinear with antialiasing; a picture that has the right size is taken as it is.
import type { Picture } from "./picture.ts";
import { resize } from "./resize.ts";

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
  const scaled =
    wide === picture.width && tall === picture.height
      ? picture.pixels
      : resize(picture.pixels, { ...picture, channels: 3 }, { height: tall, width: wide });
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
