// What differences over a few seeds can show: a paired t test and the exact sign test, in float64 with our own elementary functions.
import { exp, log } from "../math.ts";

/** Coefficients of Lanczos' approximation, g = 7, n = 9. */
const LANCZOS = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]; // prettier-ignore
const HALF_LOG_TWO_PI = 0.9189385332046728;

/** ln gamma(x), x >= 0.5. */
function logGamma(x: number): number {
  const t = x + 6.5;
  let sum = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i] / (x - 1 + i);
  return HALF_LOG_TWO_PI + (x - 0.5) * log(t) - t + log(sum);
}

/** The continued fraction of the incomplete beta function, by Lentz's method. */
function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const kept = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= 300; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    const factor = d * c;
    value *= factor;
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return value;
}

/** The regularized incomplete beta function I_x(a, b), a and b at least 0.5. */
export function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log(1 - x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(a, b, x)) / a : 1 - (front * betaFraction(b, a, 1 - x)) / b;
}

/** Probability that Student's t with these degrees of freedom is at least as far from 0. */
export function tProbability(t: number, degrees: number): number {
  if (!Number.isFinite(t)) return 0;
  return incompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

/** Two-sided exact sign test: `above` of `count` differences that are not 0 are above it. */
export function signProbability(above: number, count: number): number {
  const least = Math.min(above, count - above);
  let term = 1;
  for (let i = 0; i < count; i++) term /= 2;
  let sum = 0;
  for (let k = 0; k <= least; k++) {
    sum += term;
    term *= (count - k) / (k + 1);
  }
  return Math.min(1, 2 * sum);
}

export const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation of a sample (n - 1); NaN of fewer than two. */
export function spreadOf(values: readonly number[]): number {
  if (values.length < 2) return NaN;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (values.length - 1));
}

export interface Paired {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation of the differences; NaN of one. */
  readonly spread: number;
  /** Of the paired t test, two-sided; NaN where there is none. */
  readonly p: number;
  /** Differences above 0, and those that are not 0. */
  readonly above: number;
  readonly unequal: number;
  /** Of the sign test. */
  readonly signP: number;
}

/** Tests differences, one a seed. Error: none at all. */
export function paired(differences: readonly number[]): Paired {
  const count = differences.length;
  if (count === 0) throw new Error("paired: 0 differences, wanted at least 1");
  const mean = meanOf(differences);
  const spread = spreadOf(differences);
  const unequal = differences.filter((value) => value !== 0).length;
  const above = differences.filter((value) => value > 0).length;
  const t = spread === 0 ? (mean === 0 ? 0 : Infinity) : mean / (spread / Math.sqrt(count));
  const p = count < 2 ? NaN : tProbability(t, count - 1);
  return { count, mean, spread, p, above, unequal, signP: signProbability(above, unequal) };
}

const probability = (p: number): string => (p < 0.001 ? "< 0.001" : `= ${p.toFixed(3)}`);

/** The tests in words; small samples are told as such. */
export function statement({ count, p, above, unequal, signP }: Paired): string {
  if (count < 2) return "one seed: nothing can be said";
  if (unequal === 0) return `no difference in any of ${count} seeds`;
  const most = Math.max(above, unequal - above);
  const least = signProbability(0, unequal);
  const limit = most === unequal && signP > 0.05 ? `, the least that ${unequal} can give` : "";
  return `paired t(${count - 1}): p ${probability(p)}; ${most} of ${count} seeds agree, sign test p ${probability(signP)}${least < signP ? "" : limit}`;
}
