// Draws of the symmetric Beta distribution, with elementary functions that have the same bits everywhere.
import { exp, log } from "../math.ts";
import type { RandomCursor } from "../random.ts";

/** ln of a uniform number in (0, 1]. */
const logUniform = (draws: RandomCursor): number => log(1 - draws.uniform());

/** A draw of Gamma(shape, 1), shape >= 1 (Marsaglia and Tsang, 2000). */
function gammaDraw(shape: number, draws: RandomCursor): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = draws.normal();
    const root = 1 + c * x;
    const logU = logUniform(draws);
    if (root <= 0) continue;
    const v = root * root * root;
    if (logU < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
  }
}

/**
 * A draw of Beta(alpha, alpha), alpha > 0: by Jöhnk's method up to alpha 1 (u^(1/alpha) over the sum of two such, where that is at most 1),
 * else as a ratio of Gammas.
 */
export function betaDraw(alpha: number, draws: RandomCursor): number {
  if (alpha > 1) {
    const a = gammaDraw(alpha, draws);
    return a / (a + gammaDraw(alpha, draws));
  }
  for (;;) {
    const a = logUniform(draws) / alpha;
    const b = logUniform(draws) / alpha;
    // The sum of e^a and e^b may vanish where alpha is small; their ratio does not.
    const top = Math.max(a, b);
    const sum = exp(a - top) + exp(b - top);
    if (top + log(sum) <= 0) return exp(a - top) / sum;
  }
}
