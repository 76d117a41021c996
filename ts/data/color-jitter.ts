// Color jitter: brightness, contrast, saturation and hue by random factors in random order, as torchvision's ColorJitter on pictures.
import type { RandomCursor } from "../random.ts";
import { brightness, contrast, hue, saturation, type Canvas } from "./color-ops.ts";

export interface ColorJitterOptions {
  /** A factor from max(0, 1 - x) to 1 + x; 0 changes nothing. */
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  /** A turn from -x to x of the color circle, at most 0.5. */
  readonly hue?: number;
}

export function checkJitter(options: ColorJitterOptions): void {
  for (const name of ["brightness", "contrast", "saturation", "hue"] as const) {
    const { [name]: value = 0 } = options;
    const most = name === "hue" ? 0.5 : Infinity;
    if (!(value >= 0 && value <= most && value < Infinity))
      throw new RangeError(`augment: jitter ${name} is ${value}, wanted ${name === "hue" ? "0 to 0.5" : "a number from 0"}`);
  }
}

/** Jitters an image in place. Reads the four factors, then what their order takes. */
export function jitter(canvas: Canvas, options: ColorJitterOptions, draws: RandomCursor): void {
  const factor = (strength = 0): number => draws.between(Math.max(0, 1 - strength), 1 + strength);
  const factors = [factor(options.brightness), factor(options.contrast), factor(options.saturation)];
  const { hue: strength = 0 } = options;
  const turn = draws.between(-strength, strength);
  const changes = [...[brightness, contrast, saturation].map((change, at) => () => change(canvas, factors[at])), () => hue(canvas, turn)];
  const wanted = [options.brightness, options.contrast, options.saturation, options.hue];
  const order = [0, 1, 2, 3];
  for (let last = 3; last > 0; last--) {
    const at = draws.integer(last + 1);
    [order[last], order[at]] = [order[at], order[last]];
  }
  for (const at of order) if ((wanted[at] ?? 0) > 0) changes[at]();
}
