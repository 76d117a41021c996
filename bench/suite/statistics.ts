// What a bench says about repeated measurements on a machine that others use too: medians and quartiles, never means, and ratios
// of measurements that were made beside each other.

/** The value below which the share `q` of the values lies, interpolated. Error: no values. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new Error("quantile: 0 values, at least 1 is wanted");
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** How far the middle half of the values reaches, in parts of their median: 0 on a machine that nothing disturbs. Null for fewer than 3. */
export function spread(values: readonly number[]): number | null {
  if (values.length < 3) return null;
  return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
}

/** How much above its best value the median lies, in parts of the best. */
export function overBest(times: readonly number[]): number {
  return median(times) / Math.min(...times) - 1;
}

/** Spreads below this are those of a machine left alone. */
const CALM = 0.03;

/** Spreads above this make speeds worthless; ratios of what was measured in turn may still hold. */
const DISTURBED = 0.1;

export type Disturbance = "calm" | "slightly disturbed" | "disturbed";

/** How much other work disturbed a run, from the spreads of its rows. */
export function disturbance(spreads: readonly number[]): Disturbance {
  const middle = median(spreads);
  return middle < CALM ? "calm" : middle < DISTURBED ? "slightly disturbed" : "disturbed";
}

export interface Ratio {
  /** Of the ratios of the pairs. */
  readonly median: number;
  /** Of the best time of each side. The best pair would be the one whose other side was disturbed most. */
  readonly best: number;
  readonly spread: number | null;
}

/** Times of two things measured in turn, as the ratio over / under of each pair. Error: lists of different lengths. */
export function ratioOfTimes(over: readonly number[], under: readonly number[]): Ratio {
  if (over.length !== under.length) throw new Error(`ratioOfTimes: ${over.length} times over ${under.length}, pairs are wanted`);
  const pairs = over.map((time, index) => time / under[index]);
  return { median: median(pairs), best: Math.min(...over) / Math.min(...under), spread: spread(pairs) };
}
