// Curves of thousands of steps made small enough to draw: thinned so that no peak is lost, and smoothed.

export interface Point {
  readonly x: number;
  readonly y: number;
}

const finite = (points: readonly Point[]): Point[] => points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));

/** At most about `most` points: of each stretch the lowest and the highest, in order. Points that are not finite are left out. */
export function thin(points: readonly Point[], most: number): Point[] {
  const all = finite(points);
  if (all.length <= most) return all;
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const thinned: Point[] = [all[0]];
  for (let i = 0; i < stretches; i++) {
    const from = 1 + Math.floor((i * (all.length - 2)) / stretches);
    const to = 1 + Math.floor(((i + 1) * (all.length - 2)) / stretches);
    let low = from;
    let high = from;
    for (let j = from; j < to; j++) {
      if (all[j].y < all[low].y) low = j;
      if (all[j].y > all[high].y) high = j;
    }
    for (const j of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) thinned.push(all[j]);
  }
  thinned.push(all[all.length - 1]);
  return thinned;
}

/** At most `most` points at even distances, the first and the last among them. */
export function sample<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  if (most < 2) return items.slice(-most);
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * (items.length - 1)) / (most - 1) + 0.5)]);
}

/**
 * Mean over a window of points around each. At the start, where curves are steep, it is narrower so that it stays centered;
 * at the end, where they are flat and read off, it is cut instead.
 */
export function smooth(points: readonly Point[], window: number): Point[] {
  const all = finite(points);
  const sums = new Float64Array(all.length + 1);
  all.forEach(({ y }, i) => (sums[i + 1] = sums[i] + y));
  return all.map(({ x }, i) => {
    const reach = Math.min(Math.floor(window / 2), i);
    const end = Math.min(all.length, i + reach + 1);
    return { x, y: (sums[end] - sums[i - reach]) / (end - i + reach) };
  });
}

/** The window that leaves the course of a curve and takes its noise. */
export function windowFor(points: number): number {
  return Math.max(1, Math.floor(points / 40));
}

/** The value that a share of the values lies below, e.g. 0.5 the median; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values.filter((value) => Number.isFinite(value))).sort();
  return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
