// Random-resized crop (Szegedy et al., 2015): a window of random area and aspect, scaled to the size of the set's images, with the
// drawing of torchvision's RandomResizedCrop and timm's: ten attempts, then the largest window in the middle whose aspect is allowed.
import { exp, log } from "../math.ts";
import type { RandomCursor } from "../random.ts";
import { bilinear, type Filter, type Window } from "./resize.ts";

export interface ResizedCropOptions {
  /** Share of the picture's area; 0.08 to 1 by default. */
  readonly scale?: readonly [low: number, high: number];
  /** Width over height; 3/4 to 4/3 by default. */
  readonly ratio?: readonly [low: number, high: number];
  /** bilinear by default. */
  readonly filter?: Filter;
}

export const RESIZED_CROP = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3], filter: bilinear } as const;

const ATTEMPTS = 10;

const round = (value: number): number => Math.floor(value + 0.5);

/** The window of one sample. Reads four words an attempt. */
export function drawWindow(
  { height, width }: { readonly height: number; readonly width: number },
  { scale = RESIZED_CROP.scale, ratio = RESIZED_CROP.ratio }: ResizedCropOptions,
  draws: RandomCursor,
): Window {
  const [low, high] = [log(ratio[0]), log(ratio[1])];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = height * width * draws.between(scale[0], scale[1]);
    const aspect = ratio[0] === ratio[1] ? ratio[0] : exp(draws.between(low, high));
    if (ratio[0] === ratio[1]) draws.uint32();
    const wide = round(Math.sqrt(area * aspect));
    const tall = round(Math.sqrt(area / aspect));
    const top = draws.uniform();
    const left = draws.uniform();
    if (wide < 1 || tall < 1 || wide > width || tall > height) continue;
    return { top: Math.floor(top * (height - tall + 1)), left: Math.floor(left * (width - wide + 1)), height: tall, width: wide };
  }
  const aspect = width / height;
  const wide = aspect > ratio[1] ? Math.max(1, Math.min(width, round(height * ratio[1]))) : width;
  const tall = aspect < ratio[0] ? Math.max(1, Math.min(height, round(width / ratio[0]))) : height;
  return { top: Math.floor((height - tall) / 2), left: Math.floor((width - wide) / 2), height: tall, width: wide };
}
