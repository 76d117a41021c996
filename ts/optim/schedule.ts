// Learning rates by step, from + - * / and our own cosine and power, so that they are the same in every engine. A schedule is a
// function of the step from 0. All take a warm-up: a line from `warmupLr` over the first `warmup` steps.
import { cosPi, pow } from "../math.ts";

/** The learning rate of an update, by its number from 0: optimizer.lr = schedule(optimizer.steps), or the `schedule` of a Trainer. */
export type Schedule = (step: number) => number;

export interface WarmupOptions {
  /** Learning rate after the warm-up. */
  readonly lr: number;
  /** Steps of warm-up. */
  readonly warmup?: number;
  /** Learning rate at step 0 of a warm-up. */
  readonly warmupLr?: number;
}

export interface DecayOptions extends WarmupOptions {
  /** All steps of the run, warm-up included. */
  readonly total: number;
  /** Learning rate at the end. */
  readonly minLr?: number;
}

function withWarmup({ lr, warmup = 0, warmupLr = 0 }: WarmupOptions, after: Schedule): Schedule {
  if (!(lr >= 0) || !(warmup >= 0)) throw new Error(`schedule: lr ${lr}, warm-up ${warmup}, wanted at least 0 each`);
  return (step) => (step < warmup ? warmupLr + ((lr - warmupLr) * step) / warmup : after(step));
}

/** Share of the decay that is done at a step: 0 after the warm-up, 1 at the last step's end. */
function share(step: number, { warmup = 0, total }: DecayOptions): number {
  if (!(total >= 0)) throw new Error(`schedule: total ${total}, wanted the steps of the run`);
  return Math.min(1, Math.max(0, (step - warmup) / Math.max(1, total - warmup)));
}

/** The same rate throughout. */
export function constant(options: WarmupOptions): Schedule {
  return withWarmup(options, () => options.lr);
}

/** lr * gamma^floor(step / every). */
export function stepDecay({ every, gamma = 0.1, ...options }: WarmupOptions & { every: number; gamma?: number }): Schedule {
  if (!(every >= 1)) throw new Error(`stepDecay: every ${every} steps, wanted at least 1`);
  return withWarmup(options, (step) => options.lr * pow(gamma, Math.floor(step / every)));
}

/** lr * gamma^(milestones passed). */
export function multiStep({
  milestones,
  gamma = 0.1,
  ...options
}: WarmupOptions & { milestones: readonly number[]; gamma?: number }): Schedule {
  return withWarmup(options, (step) => options.lr * pow(gamma, milestones.filter((milestone) => step >= milestone).length));
}

/** Half a cosine from lr down to minLr. */
export function cosine(options: DecayOptions): Schedule {
  const { lr, minLr = 0 } = options;
  return withWarmup(options, (step) => minLr + (lr - minLr) * 0.5 * (1 + cosPi(share(step, options))));
}

/** minLr + (lr - minLr) * (1 - share)^power. */
export function polynomial({ power = 1, ...options }: DecayOptions & { power?: number }): Schedule {
  const { lr, minLr = 0 } = options;
  return withWarmup(options, (step) => {
    const rest = 1 - share(step, options);
    return minLr + (lr - minLr) * (rest === 0 ? 0 : pow(rest, power));
  });
}

export interface OneCycleOptions {
  /** Peak. */
  readonly lr: number;
  readonly total: number;
  /** Share of the steps on the way up. */
  readonly rise?: number;
  /** Start is lr / divFactor. */
  readonly divFactor?: number;
  /** End is the start / finalDivFactor. */
  readonly finalDivFactor?: number;
  readonly anneal?: "cosine" | "linear";
}

/** Up to the peak and down to almost nothing, as OneCycleLR in PyTorch (without its momentum cycle). */
export function oneCycle({ lr, total, rise = 0.3, divFactor = 25, finalDivFactor = 1e4, anneal = "cosine" }: OneCycleOptions): Schedule {
  if (!(rise > 0 && rise < 1)) throw new Error(`oneCycle: rise ${rise}, wanted between 0 and 1`);
  const start = lr / divFactor;
  const end = start / finalDivFactor;
  const peak = Math.max(1, rise * total - 1);
  const between = (from: number, to: number, at: number): number =>
    anneal === "linear" ? from + (to - from) * at : to + (from - to) * 0.5 * (1 + cosPi(at));
  return (step) => {
    if (step <= peak) return between(start, lr, step / peak);
    return between(lr, end, Math.min(1, (step - peak) / Math.max(1, total - 1 - peak)));
  };
}
