// A learning rate that falls when a measure no longer improves, as ReduceLROnPlateau of PyTorch with a relative threshold.
import { wantOptions } from "../options.ts";

export interface PlateauOptions {
  /** Learning rate at the beginning. */
  readonly lr: number;
  /** What the rate is multiplied with; 0.1 by default. */
  readonly factor?: number;
  /** Measures in a row without a better one that are let pass; 10 by default. */
  readonly patience?: number;
  /** Share by which a measure must be better than the best; 1e-4 by default. */
  readonly threshold?: number;
  /** Measures after a fall that do not count; 0 by default. */
  readonly cooldown?: number;
  /** "min" where less is better, as of a loss (by default), "max" as of an accuracy. */
  readonly mode?: "min" | "max";
  /** The rate falls no lower; 0 by default. */
  readonly minLr?: number;
}

/**
 * Takes a measure, once an epoch, and gives the rate to go on with: optimizer.lr = rate(testLoss). NaN is no improvement. Errors: a rate
 * below 0, a factor that is not above 0 and below 1.
 */
export function plateau({
  lr,
  factor = 0.1,
  patience = 10,
  threshold = 1e-4,
  cooldown = 0,
  mode = "min",
  minLr = 0,
  ...others
}: PlateauOptions): (measure: number) => number {
  wantOptions("plateau", others, "lr", "factor", "patience", "threshold", "cooldown", "mode", "minLr");
  if (!(lr >= 0)) throw new Error(`plateau: lr ${lr}, wanted at least 0`);
  if (!(factor > 0 && factor < 1)) throw new Error(`plateau: factor ${factor}, wanted above 0 and below 1`);
  if (mode !== "min" && mode !== "max") throw new Error(`plateau: mode ${String(mode)}, wanted min or max`);
  let rate = lr;
  let best = mode === "min" ? Infinity : -Infinity;
  let bad = 0;
  let cooling = 0;
  const isBetter = (measure: number): boolean => (mode === "min" ? measure < best * (1 - threshold) : measure > best * (1 + threshold));
  return (measure) => {
    if (isBetter(measure)) {
      best = measure;
      bad = 0;
    } else bad++;
    if (cooling > 0) {
      cooling--;
      bad = 0;
    }
    if (bad > patience) {
      rate = Math.max(rate * factor, minLr);
      cooling = cooldown;
      bad = 0;
    }
    return rate;
  };
}
