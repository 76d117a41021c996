// Scales of the heat maps: a value to one of eleven colors, and what stands at their ends.
import { formatNumber } from "../../report/numbers.ts";

export const LEVELS = 11;

export interface LevelScale {
  /** CSS variables `--<name>-0` to `--<name>-10`. */
  readonly name: "h" | "d";
  levelOf(value: number): number;
  readonly ticks: readonly [string, string, string];
}

const level = (share: number): number => Math.max(0, Math.min(LEVELS - 1, Math.floor(share * LEVELS)));

/** Logarithms between the smallest and the largest of some values above 0. */
export function logScale(values: Iterable<number>): LevelScale {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!(value > 0 && value < Infinity)) continue;
    const log = Math.log10(value);
    low = Math.min(low, log);
    high = Math.max(high, log);
  }
  if (low > high) [low, high] = [0, 1];
  high = Math.max(high, low + 1e-6);
  const tick = (log: number): string => formatNumber(10 ** log);
  return {
    name: "h",
    levelOf: (value) => level(value > 0 ? (Math.log10(value) - low) / (high - low) : 0),
    ticks: [tick(low), tick((low + high) / 2), tick(high)],
  };
}

/** From -1 to 1. */
export const cosineScale: LevelScale = { name: "d", levelOf: (value) => level((value + 1) / 2), ticks: ["−1", "0", "1"] };
