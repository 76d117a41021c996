// The built-in image set: ten drawn figures and textures, 32x32 in color, at random place, size, turn and color, with clutter and noise.
// Image i is a function of (seed, split, i) alone; any count; nothing to download. Place, size, turn, color, clutter and noise are
// drawn alike for all classes, so that only the figure tells the class.

import { cosPi, sinPi } from "../math.ts";
import { philox, stream, type RandomCursor, type RandomStream } from "../random.ts";
import { drawnDataset, type Dataset } from "./dataset.ts";
import { FIGURES, segmentDistanceSquared } from "./figures.ts";

const SIDE = 32;
const PIXELS = SIDE * SIDE;
const VALUES = 3 * PIXELS;

/** How hard the set is, all in one place. Lengths in pixels, colors in 0 .. 255. */
export const SHAPES_DIFFICULTY = {
  /** Radius of the figure; textures take their period from it. */
  radius: [9, 13],
  /** Largest distance of the figure's center from the image's, along each axis. */
  offset: 4,
  /** Stretch along one axis of the figure. */
  stretch: [0.9, 1.1],
  /** Share of images whose figure is brighter than its background. */
  bright: 0.7,
  /** Difference in brightness between figure and background. */
  contrast: [90, 170],
  /** Spread of each channel around the brightness. */
  color: 50,
  /** Change in brightness from one side of the background to the other. */
  gradient: 30,
  /** Thin lines and small spots, behind and before the figure. */
  lines: 2,
  spots: 2,
  /** Standard deviation of the noise. */
  noise: 12,
} as const;

/** Mean and standard deviation of each channel of a large sample, on the scale 0 .. 1. */
export const SHAPES_MEAN = [0.4583, 0.4583, 0.4583];
export const SHAPES_STD = [0.2756, 0.2756, 0.2756];

export const SHAPES_CLASSES = FIGURES.map(([name]) => name);

export interface ShapesOptions {
  readonly count: number;
  readonly seed?: number;
  /** "train" and "test" are disjoint sets; any other name gives another one. */
  readonly split?: string;
}

/** Each run of ten images has every class once, in a random order. */
function labelsOf(purpose: RandomStream, count: number): Uint8Array {
  const labels = new Uint8Array(count);
  for (let run = 0, from = 0; from < count; run++, from += FIGURES.length)
    labels.set(purpose.permutation(FIGURES.length, run, 0, 1).subarray(0, count - from), from);
  return labels;
}

type Range = readonly [low: number, high: number];

function within(random: RandomCursor, [low, high]: Range): number {
  return random.between(low, high);
}

/** A random color of this brightness: three channels around it that average to it. */
function color(random: RandomCursor, brightness: number, into: Float64Array): void {
  const spread = SHAPES_DIFFICULTY.color;
  const red = random.between(-spread, spread);
  const green = random.between(-spread, spread);
  const blue = random.between(-spread, spread);
  const mean = (red + green + blue) / 3;
  into[0] = brightness + red - mean;
  into[1] = brightness + green - mean;
  into[2] = brightness + blue - mean;
}

/** Draws images of one (seed, split). */
class Painter {
  readonly #purpose: RandomStream;
  readonly #random: RandomCursor;
  readonly #canvas = new Float64Array(VALUES);
  readonly #paint = new Float64Array(3);
  readonly #words = new Uint32Array(4);

  constructor(purpose: RandomStream) {
    this.#purpose = purpose;
    this.#random = purpose.cursor();
  }

  /** Draws image `index` into out[at ..] (NHWC bytes). */
  draw(index: number, label: number, out: Uint8Array, at: number): void {
    const random = this.#random;
    random.restart(index);
    const { contrast, bright, lines, spots } = SHAPES_DIFFICULTY;
    const difference = within(random, contrast);
    const low = random.between(20, 235 - difference);
    const figureIsBright = random.uniform() < bright;
    this.#background(figureIsBright ? low : low + difference);
    this.#clutter(random.integer(lines + 1), random.integer(spots + 1));
    color(random, figureIsBright ? low + difference : low, this.#paint);
    this.#figure(label);
    this.#clutter(random.integer(lines), random.integer(spots));
    this.#develop(index, out, at);
  }

  #background(brightness: number): void {
    const random = this.#random;
    const canvas = this.#canvas;
    const paint = this.#paint;
    color(random, brightness, paint);
    const angle = random.between(0, 2);
    const slope = random.between(0, SHAPES_DIFFICULTY.gradient) / SIDE;
    const dx = slope * cosPi(angle);
    const dy = slope * sinPi(angle);
    for (let y = 0, i = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++, i += 3) {
        const shade = dx * (x - SIDE / 2) + dy * (y - SIDE / 2);
        canvas[i] = paint[0] + shade;
        canvas[i + 1] = paint[1] + shade;
        canvas[i + 2] = paint[2] + shade;
      }
    }
  }

  /** Lays the paint over the pixel whose values begin at i, covering this share of it. */
  #cover(i: number, share: number): void {
    const canvas = this.#canvas;
    const paint = this.#paint;
    canvas[i] += share * (paint[0] - canvas[i]);
    canvas[i + 1] += share * (paint[1] - canvas[i + 1]);
    canvas[i + 2] += share * (paint[2] - canvas[i + 2]);
  }

  /** Thin lines and small spots of any color. A spot is a line almost without length. */
  #clutter(lines: number, spots: number): void {
    const random = this.#random;
    for (let n = 0; n < lines + spots; n++) {
      const isLine = n < lines;
      color(random, random.between(20, 235), this.#paint);
      const x0 = random.between(0, SIDE);
      const y0 = random.between(0, SIDE);
      const angle = random.between(0, 2);
      const length = isLine ? random.between(5, 14) : 0.01;
      const half = isLine ? random.between(0.4, 0.8) : random.between(0.8, 1.6);
      const x1 = x0 + length * cosPi(angle);
      const y1 = y0 + length * sinPi(angle);
      const left = Math.max(0, Math.floor(Math.min(x0, x1) - half - 1));
      const right = Math.min(SIDE, Math.ceil(Math.max(x0, x1) + half + 1));
      const top = Math.max(0, Math.floor(Math.min(y0, y1) - half - 1));
      const bottom = Math.min(SIDE, Math.ceil(Math.max(y0, y1) + half + 1));
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const share = half + 0.5 - Math.sqrt(segmentDistanceSquared(x + 0.5, y + 0.5, x0, y0, x1, y1));
          if (share > 0) this.#cover(3 * (y * SIDE + x), share < 1 ? share : 1);
        }
      }
    }
  }

  #figure(label: number): void {
    const random = this.#random;
    const { radius, offset, stretch } = SHAPES_DIFFICULTY;
    const size = within(random, radius);
    const long = within(random, stretch);
    const x0 = SIDE / 2 + random.between(-offset, offset);
    const y0 = SIDE / 2 + random.between(-offset, offset);
    const turn = random.between(0, 2);
    const cos = cosPi(turn) / size;
    const sin = sinPi(turn) / size;
    const figure = FIGURES[label][1];
    for (let y = 0, i = 0; y < SIDE; y++) {
      const dy = y + 0.5 - y0;
      for (let x = 0; x < SIDE; x++, i += 3) {
        const dx = x + 0.5 - x0;
        const share = 0.5 - size * figure((cos * dx + sin * dy) * long, (cos * dy - sin * dx) / long);
        if (share > 0) this.#cover(i, share < 1 ? share : 1);
      }
    }
  }

  /** Adds noise (the sum of two random bytes) and rounds to bytes. */
  #develop(index: number, out: Uint8Array, at: number): void {
    const { key0, key1 } = this.#purpose;
    const canvas = this.#canvas;
    const words = this.#words;
    const gain = SHAPES_DIFFICULTY.noise / 104.5; // the deviation of the sum of two bytes
    for (let i = 0; i < VALUES; i += 8) {
      philox(words, 0, i >>> 3, index, 0, 2, key0, key1);
      for (let j = 0; j < 8; j++) {
        const half = words[j >> 1] >>> ((j & 1) << 4);
        const value = canvas[i + j] + gain * ((half & 255) + ((half >>> 8) & 255) - 255) + 0.5;
        out[at + i + j] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
}

/** `count` images of the built-in set, each drawn when it is first used. Equal options give equal bytes in every engine. */
export function shapes({ count, seed = 0, split = "train" }: ShapesOptions): Dataset {
  if (!(Number.isInteger(count) && count >= 1)) throw new RangeError(`shapes: count is ${count}, wanted a whole number from 1`);
  const purpose = stream(seed, `shapes/${split}`);
  const painter = new Painter(purpose);
  const labels = labelsOf(purpose, count);
  return drawnDataset(labels, (index, images, at) => painter.draw(index, labels[index], images, at), {
    name: "shapes",
    classes: FIGURES.length,
    classNames: SHAPES_CLASSES,
    image: { height: SIDE, width: SIDE, channels: 3 },
    mean: SHAPES_MEAN,
    std: SHAPES_STD,
  });
}
