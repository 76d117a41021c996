// The ten figures of the built-in image set as distance functions: negative inside, in units where a figure's radius is about 1.
// Built from points on circles (cosPi, sinPi), so that they are the same in every engine.

import { cosPi, sinPi } from "../math.ts";

/** The signed distance of the point (u, v) to the figure's edge. */
export type Figure = (u: number, v: number) => number;

/** Points r_i (cos, sin)(pi t_i) as x0, y0, x1, y1, ... */
function onCircles(count: number, at: (i: number) => { readonly radius: number; readonly angle: number }): Float64Array {
  const points = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const { radius, angle } = at(i);
    points[2 * i] = radius * cosPi(angle);
    points[2 * i + 1] = radius * sinPi(angle);
  }
  return points;
}

/** The squared distance of (u, v) to the segment from (x0, y0) to (x1, y1). */
export function segmentDistanceSquared(u: number, v: number, x0: number, y0: number, x1: number, y1: number): number {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const along = ((u - x0) * dx + (v - y0) * dy) / (dx * dx + dy * dy);
  const t = along < 0 ? 0 : along > 1 ? 1 : along;
  const ex = u - x0 - t * dx;
  const ey = v - y0 - t * dy;
  return ex * ex + ey * ey;
}

/** The closed polygon through these points. */
function polygon(points: Float64Array): Figure {
  return (u, v) => {
    let nearest = Infinity;
    let inside = false;
    let x0 = points[points.length - 2];
    let y0 = points[points.length - 1];
    for (let i = 0; i < points.length; i += 2) {
      const x1 = points[i];
      const y1 = points[i + 1];
      const d = segmentDistanceSquared(u, v, x0, y0, x1, y1);
      if (d < nearest) nearest = d;
      if (y0 > v !== y1 > v && u < x0 + ((v - y0) * (x1 - x0)) / (y1 - y0)) inside = !inside;
      x0 = x1;
      y0 = y1;
    }
    return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
  };
}

/** The line through these points, with half a width of `half`. */
function line(points: Float64Array, half: number): Figure {
  return (u, v) => {
    let nearest = Infinity;
    for (let i = 2; i < points.length; i += 2) {
      const d = segmentDistanceSquared(u, v, points[i - 2], points[i - 1], points[i], points[i + 1]);
      if (d < nearest) nearest = d;
    }
    return Math.sqrt(nearest) - half;
  };
}

/** Distance to the nearest whole number, 0 .. 1/2. */
function toWhole(x: number): number {
  return Math.abs(x - Math.floor(x + 0.5));
}

const ARM = 0.3;
const PERIOD = 0.62;

/** Class names and figures, in label order. */
export const FIGURES: readonly (readonly [name: string, figure: Figure])[] = [
  ["circle", (u, v) => Math.sqrt(u * u + v * v) - 0.85],
  [
    "crescent",
    (u, v) => {
      const hollow = u - 0.5;
      return Math.max(Math.sqrt(u * u + v * v) - 1, 0.8 - Math.sqrt(hollow * hollow + v * v));
    },
  ],
  ["triangle", polygon(onCircles(3, (i) => ({ radius: 1.3, angle: 0.5 + (i * 2) / 3 })))],
  ["star", polygon(onCircles(10, (i) => ({ radius: i % 2 === 0 ? 1.15 : 0.47, angle: 0.5 + i / 5 })))],
  [
    "cross",
    polygon(
      Float64Array.of(1, -ARM, 1, ARM, ARM, ARM, ARM, 1, -ARM, 1, -ARM, ARM, -1, ARM, -1, -ARM, -ARM, -ARM, -ARM, -1, ARM, -1, ARM, -ARM),
    ),
  ],
  ["ring", (u, v) => Math.abs(Math.sqrt(u * u + v * v) - 0.75) - 0.2],
  ["stripes", (u) => (0.25 - toWhole(u / PERIOD)) * PERIOD],
  [
    "checker",
    (u, v) => {
      const a = (0.25 - toWhole(u / PERIOD / 1.4)) * PERIOD * 1.4;
      const b = (0.25 - toWhole(v / PERIOD / 1.4)) * PERIOD * 1.4;
      const d = Math.min(Math.abs(a), Math.abs(b));
      return a > 0 === b > 0 ? d : -d;
    },
  ],
  [
    "dots",
    (u, v) => {
      const a = toWhole(u / PERIOD / 1.3);
      const b = toWhole(v / PERIOD / 1.3);
      return (Math.sqrt(a * a + b * b) - 0.29) * PERIOD * 1.3;
    },
  ],
  [
    "spiral",
    line(
      onCircles(26, (i) => ({ radius: 0.06 + (i / 25) * 1.0, angle: (i / 25) * 4.2 })),
      0.13,
    ),
  ],
];
