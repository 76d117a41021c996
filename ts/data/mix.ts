// Mixup (Zhang et al., 2017) and cutmix (Yun et al., 2019) as timm combines them. A batch is mixed with itself in reverse: image i with
// image n - 1 - i. Mixup: lambda a + (1 - lambda) b, lambda of Beta(alpha, alpha). Cutmix: a rectangle of b in a, cutBox; lambda becomes the
// share of a that is left. Targets are lambda one-hot(a) + (1 - lambda) one-hot(b).
// Draws: stream(seed, "mix"), counters (batch, epoch, 0) where a batch has one lambda, (sample, epoch, 1) where a pair (its first) or a
// sample has its own. Words: whether, which, lambda (as many as it takes), row and column of the center.
import { betaDraw } from "./beta.ts";
import { stream, type RandomCursor } from "../random.ts";
import type { ImageShape } from "./image-shape.ts";
import type { Window } from "./resize.ts";

export interface MixOptions {
  /** alpha of mixup's Beta; 0, the default, is no mixup. */
  readonly mixup?: number;
  /** alpha of cutmix's Beta; 0, the default, is no cutmix. */
  readonly cutmix?: number;
  /** With which a batch (pair, sample) is mixed at all; 1 by default. */
  readonly probability?: number;
  /** Share of cutmix where there are both; 0.5 by default. */
  readonly switchProbability?: number;
  /** What has a lambda of its own: "batch" (the default), "pair" or "sample". */
  readonly each?: "batch" | "pair" | "sample";
  /** From this epoch on nothing is mixed; 0, the default, is never. */
  readonly offEpoch?: number;
}

/** How one image is mixed with its partner: `own` is lambda, `box` the rectangle that comes from the partner in cutmix. */
export interface Mixture {
  readonly own: number;
  readonly box: Window | null;
}

/** Where one batch is in its run. */
export interface MixPlace {
  readonly epoch: number;
  /** Number of the batch in its epoch. */
  readonly batch: number;
  readonly indices: Uint32Array;
}

const UNMIXED: Mixture = { own: 1, box: null };

export function checkMix({ mixup = 0, cutmix = 0, probability = 1, switchProbability = 0.5, offEpoch = 0 }: MixOptions): void {
  for (const [name, value] of Object.entries({ mixup, cutmix })) {
    if (!(value >= 0 && value <= 1e6)) throw new RangeError(`mix: ${name} is ${value}, wanted 0 to 1e6`);
  }
  for (const [name, value] of Object.entries({ probability, switchProbability })) {
    if (!(value >= 0 && value <= 1)) throw new RangeError(`mix: ${name} is ${value}, wanted 0 to 1`);
  }
  if (mixup === 0 && cutmix === 0) throw new RangeError("mix: mixup and cutmix are 0, wanted at least one above 0");
  if (!(Number.isSafeInteger(offEpoch) && offEpoch >= 0))
    throw new RangeError(`mix: offEpoch is ${offEpoch}, wanted a whole number from 0`);
}

/** The rectangle of a cutmix: sqrt(1 - lambda) of height and width around a center, cut at the border (timm's rand_bbox). */
export function cutBox({ height, width }: ImageShape, lambda: number, row: number, column: number): Window {
  const share = Math.sqrt(1 - lambda);
  const halfHeight = Math.floor(Math.trunc(height * share) / 2);
  const halfWidth = Math.floor(Math.trunc(width * share) / 2);
  const [top, bottom] = [Math.max(0, row - halfHeight), Math.min(height, row + halfHeight)];
  const [left, right] = [Math.max(0, column - halfWidth), Math.min(width, column + halfWidth)];
  return { top, left, height: bottom - top, width: right - left };
}

function draw(options: MixOptions, image: ImageShape, draws: RandomCursor): Mixture {
  const { mixup = 0, cutmix = 0, probability = 1, switchProbability = 0.5 } = options;
  const mixed = draws.uniform() < probability;
  const cut = draws.uniform() < (mixup === 0 ? 1 : cutmix === 0 ? 0 : switchProbability);
  if (!mixed) return UNMIXED;
  const lambda = betaDraw(cut ? cutmix : mixup, draws);
  if (!cut) return { own: lambda, box: null };
  const row = Math.floor(draws.uniform() * image.height);
  const column = Math.floor(draws.uniform() * image.width);
  const box = cutBox(image, lambda, row, column);
  return { own: 1 - (box.height * box.width) / (image.height * image.width), box };
}

/** images[a ..] with what a mixture takes of `other`; both hold whole images. */
function mixInto(images: Float32Array, at: number, other: Float32Array, { own, box }: Mixture, { width, channels }: ImageShape): void {
  if (box === null) {
    if (own < 1) for (let i = 0; i < other.length; i++) images[at + i] = own * images[at + i] + (1 - own) * other[i];
    return;
  }
  for (let y = box.top; y < box.top + box.height; y++) {
    const from = (y * width + box.left) * channels;
    images.set(other.subarray(from, from + box.width * channels), at + from);
  }
}

/** Mixes batches of images of this shape in place. */
export class Mixer {
  readonly #options: MixOptions;
  readonly #image: ImageShape;
  readonly #classes: number;
  readonly #draws: RandomCursor;

  constructor(seed: number, image: ImageShape, classes: number, options: MixOptions) {
    checkMix(options);
    this.#options = options;
    this.#image = image;
    this.#classes = classes;
    this.#draws = stream(seed, "mix").cursor();
  }

  /** What becomes of each image of a batch. */
  mixtures({ epoch, batch, indices }: MixPlace): Mixture[] {
    const { each = "batch", offEpoch = 0 } = this.#options;
    const { length } = indices;
    const at = (c1: number, c3: number): Mixture => {
      this.#draws.restart(c1, epoch, c3);
      return draw(this.#options, this.#image, this.#draws);
    };
    if (offEpoch > 0 && epoch >= offEpoch) return new Array<Mixture>(length).fill(UNMIXED);
    if (each === "batch") return new Array<Mixture>(length).fill(at(batch, 0));
    return Array.from({ length }, (_, i) => at(indices[each === "sample" ? i : Math.min(i, length - 1 - i)], 1));
  }

  /**
   * Mixes images [n, h, w, c] and returns the targets [n, classes]. labels [n] become those with the larger share, an image's own
   * where both are equal: what training accuracy is counted against.
   */
  mix(place: MixPlace, images: Float32Array, labels: Float32Array): Float32Array {
    const { height, width, channels } = this.#image;
    const values = height * width * channels;
    const count = labels.length;
    const mixtures = this.mixtures(place);
    const targets = new Float32Array(count * this.#classes);
    const given = labels.slice();
    for (let first = 0; 2 * first < count; first++) {
      const last = count - 1 - first;
      const [a, b] = [first, last].map((i) => images.slice(i * values, (i + 1) * values));
      mixInto(images, first * values, b, mixtures[first], this.#image);
      if (last !== first) mixInto(images, last * values, a, mixtures[last], this.#image);
    }
    for (let i = 0; i < count; i++) {
      const { own } = mixtures[i];
      const partner = given[count - 1 - i];
      const row = i * this.#classes;
      targets[row + given[i]] += own;
      targets[row + partner] += 1 - own;
      if (own < 0.5) labels[i] = partner;
    }
    return targets;
  }
}
