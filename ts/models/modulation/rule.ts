// Which factor an error gets, from its mean square q and that of the layer above, q_above (Xie et al., CVPR 2017, section 4):
//   delta <- sqrt(q_above / q) delta   where the two mismatch.
// The paper's criterion of mismatch could not be read; tau, the clamp and the least q are ours.
export interface RuleOptions {
  /** Mismatch is q_above / q above tau or below 1 / tau: 1 modulates always, Infinity never. */
  readonly tau?: number;
  /** Least and largest factor. */
  readonly clamp?: readonly [low: number, high: number];
}

/** Errors with a mean square below this (or none that is finite) are left alone, and are no layer to compare with. */
export const LEAST_MEAN_SQUARE = 1e-30;

export class ModulationRule {
  readonly tau: number;
  readonly low: number;
  readonly high: number;

  constructor({ tau = 2, clamp = [0.1, 10] }: RuleOptions = {}) {
    const [low, high] = clamp;
    if (!(tau >= 1)) throw new Error(`modulation: tau ${tau}, wanted at least 1 (1 modulates always, Infinity never)`);
    if (!(low > 0 && low <= 1 && high >= 1 && high < Infinity))
      throw new Error(`modulation: factors clamped to ${low} to ${high}, wanted above 0 to 1, and 1 to a finite one`);
    this.tau = tau;
    this.low = low;
    this.high = high;
  }

  /** The factor for an error of mean square `q` below one of `above`. */
  factor(above: number, q: number): number {
    const ratio = above / q;
    if (!(ratio > this.tau || ratio < 1 / this.tau)) return 1;
    return Math.min(this.high, Math.max(this.low, Math.sqrt(ratio)));
  }
}

/** The errors of one backward pass, from the top layer down. */
export class ErrorChain {
  private readonly rule: ModulationRule | null;
  /** Mean square of the last layer's error, as that layer gets it. */
  private above: number | null = null;

  /** Without a rule nothing is modulated. */
  constructor(rule: ModulationRule | null) {
    this.rule = rule;
  }

  /** The factor of the next layer below, whose error has the mean square `q`. */
  next(q: number): number {
    const { rule, above } = this;
    if (!(q >= LEAST_MEAN_SQUARE && q < Infinity)) return 1;
    const factor = rule === null || above === null ? 1 : rule.factor(above, q);
    this.above = factor * factor * q;
    return factor;
  }
}
