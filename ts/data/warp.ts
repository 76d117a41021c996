// Shears, shifts and turns of an image of bytes in place. Output pixel (x, y) is the input around (a x' + b y' + c, d x' + e y' + f), with
// x' = x + 1/2, y' = y + 1/2: PIL.Image.transform(AFFINE). What lies outside has the canvas's fill color.
import { cosPi, sinPi } from "../math.ts";
import type { Canvas } from "./color-ops.ts";

/** a, b, c, d, e, f. */
export type Affine = readonly [number, number, number, number, number, number];

/** How a pixel is made of those around its source. */
export type Sampler = (canvas: Canvas, x: number, y: number, c: number) => number;

/** The pixel that the source lies in. */
export const nearestPixel: Sampler = ({ spare, width, channels }, x, y, c) => spare[(Math.trunc(y) * width + Math.trunc(x)) * channels + c];

/** A mean of the four pixels around the source, weighted by nearness, truncated; at the edge, of those that are there. */
export const fourPixels: Sampler = ({ spare, width, height, channels }, x, y, c) => {
  const left = Math.floor(x - 0.5);
  const top = Math.floor(y - 0.5);
  const dx = x - 0.5 - left;
  const dy = y - 0.5 - top;
  const x0 = Math.max(0, left);
  const x1 = Math.min(width - 1, left + 1);
  const row = (at: number): number => {
    const from = at * width;
    const a = spare[(from + x0) * channels + c];
    return a + (spare[(from + x1) * channels + c] - a) * dx;
  };
  const upper = row(Math.max(0, top));
  const lower = top + 1 < height ? row(top + 1) : upper;
  return Math.trunc(upper + (lower - upper) * dy);
};

/** Moves every pixel as the matrix says. */
export function warp(canvas: Canvas, [a, b, c, d, e, f]: Affine, sampler: Sampler): void {
  const { pixels, spare, height, width, channels, fill } = canvas;
  spare.set(pixels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromX = a * (x + 0.5) + b * (y + 0.5) + c;
      const fromY = d * (x + 0.5) + e * (y + 0.5) + f;
      const inside = fromX >= 0 && fromX < width && fromY >= 0 && fromY < height;
      const at = (y * width + x) * channels;
      for (let k = 0; k < channels; k++) pixels[at + k] = inside ? sampler(canvas, fromX, fromY, k) : fill[k];
    }
  }
}

/** A turn against the clock around the middle: PIL.Image.rotate. */
export function rotation({ width, height }: Canvas, degrees: number): Affine {
  const cosine = cosPi(degrees / 180);
  const sine = sinPi(degrees / 180);
  const [x, y] = [width / 2, height / 2];
  return [cosine, -sine, x - cosine * x + sine * y, sine, cosine, y - sine * x - cosine * y];
}
