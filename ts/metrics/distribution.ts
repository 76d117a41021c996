// How features are distributed, all values of a layer together: shares of equal bins, and how much two distributions have in common.
import type { Features } from "./features.ts";

export interface Bins {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Share of the values in each of `count` equal bins from `low` to `high`; what lies outside counts in the first and the last. Error: no bin. */
export function histogram({ values }: Features, { low, high, count }: Bins): Float64Array {
  if (!(Number.isInteger(count) && count > 0 && high > low))
    throw new Error(`histogram: ${count} bins from ${low} to ${high}, wanted at least 1 over a range`);
  const shares = new Float64Array(count);
  for (const value of values) {
    const bin = Math.max(0, Math.min(count - 1, Math.floor(((value - low) / (high - low)) * count)));
    // NaN is in no bin.
    if (bin === bin) shares[bin] += 1 / values.length;
  }
  return shares;
}

/** What two histograms of the same bins share: 1 for equal ones, 0 for apart ones. */
export function overlap(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length) throw new Error(`overlap: histograms of ${a.length} and ${b.length} bins, wanted the same`);
  let sum = 0;
  for (let bin = 0; bin < a.length; bin++) sum += Math.min(a[bin], b[bin]);
  return sum;
}

/** Standard deviation of all values of a layer about their common mean. */
export function deviationOf({ values }: Features): number {
  let [mean, sum] = [0, 0];
  for (const value of values) mean += value / values.length;
  for (const value of values) sum += (value - mean) * (value - mean);
  return Math.sqrt(sum / Math.max(1, values.length));
}
