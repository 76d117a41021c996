// The family that holds both addition and the orthogonal update, with two learned numbers a block (Oh et al., arXiv 2505.11881, eq. 14):
//   x + rho (sin(theta) f_par + cos(theta) f_perp)      f_par = s x, s = <x, f> / (<x, x> + eps), f_perp = f - f_par
// (sqrt 2, pi/4) is addition, (1, 0) the orthogonal update. rezeroConstrained() is what the released code has: cos on the parallel part, sin
// on the orthogonal one, theta 0 at the start, no rho. Computed as x + (p - q) f_perp + q f from the factors q and p of the two parts.
import { defineOp, full, tensor, weightedUpdate, type Tensor } from "../../autograd/index.ts";
import { cosPi, sinPi } from "../../math.ts";
import { checkStart, LearnedSkip } from "./learned-skip.ts";
import { resolveOrthogonal, type OrthogonalOptions } from "./orthogonal.ts";
import type { SkipKind } from "./skip.ts";

const PI = 3.141592653589793;

/** rho (a sin(theta) + b cos(theta)) of two tensors of one value each, in float64. */
const factorOp = defineOp<readonly [rho: Tensor, theta: Tensor], { readonly a: number; readonly b: number }>("rhoTheta", {
  forward: ([rho, theta], { a, b }) => {
    const turn = theta.toArray()[0] / PI;
    return tensor([rho.toArray()[0] * (a * sinPi(turn) + b * cosPi(turn))], [1], { backend: rho.backend });
  },
  vjp: (dy, _y, [rho, theta], { a, b }) => {
    const turn = theta.toArray()[0] / PI;
    const [upstream, sin, cos] = [dy.toArray()[0], sinPi(turn), cosPi(turn)];
    const made = (value: number): Tensor => tensor([value], [1], { backend: rho.backend });
    return [() => made(upstream * (a * sin + b * cos)), () => made(upstream * rho.toArray()[0] * (a * cos - b * sin))];
  },
  samples: [{ inputs: [[1], [1]], attributes: { a: 1, b: -1 } }],
});

export interface UnifiedStart {
  readonly rho: number;
  readonly theta: number;
}

/** Addition. */
export const linearStart: UnifiedStart = { rho: 1.4142135623730951, theta: PI / 4 };
/** The orthogonal update. */
export const orthogonalStart: UnifiedStart = { rho: 1, theta: 0 };

export interface UnifiedOptions extends OrthogonalOptions {
  readonly start?: UnifiedStart;
}

/** x + q f_par + p f_perp. */
function inParts(x: Tensor, f: Tensor, q: Tensor, difference: Tensor, options: OrthogonalOptions): Tensor {
  return weightedUpdate(x, f, { branch: difference, parallel: q }, options);
}

class UnifiedSkip extends LearnedSkip {
  private readonly options: OrthogonalOptions;

  constructor({ rho, theta }: UnifiedStart, options: OrthogonalOptions) {
    super({ rho, theta });
    this.options = options;
  }

  join(stream: Tensor, branch: () => Tensor): Tensor {
    const numbers = [this.learned("rho"), this.learned("theta")] as const;
    return inParts(stream, branch(), factorOp(numbers, { a: 1, b: 0 }), factorOp(numbers, { a: -1, b: 1 }), this.options);
  }
}

class ConstrainedSkip extends LearnedSkip {
  private readonly options: OrthogonalOptions;

  constructor(theta: number, options: OrthogonalOptions) {
    super({ theta });
    this.options = options;
  }

  join(stream: Tensor, branch: () => Tensor): Tensor {
    const numbers = [full([1], 1, { backend: stream.backend }), this.learned("theta")] as const;
    return inParts(stream, branch(), factorOp(numbers, { a: 0, b: 1 }), factorOp(numbers, { a: 1, b: -1 }), this.options);
  }
}

/** x + rho (sin(theta) f_par + cos(theta) f_perp). Errors: a start that is no number, an eps below 0. */
export function unified({ start = linearStart, ...options }: UnifiedOptions = {}): SkipKind {
  const { rho, theta } = start;
  checkStart("unified", "rho", rho);
  checkStart("unified", "theta", theta);
  const resolved = resolveOrthogonal("unified", options);
  return { label: "unified", at: () => new UnifiedSkip(start, resolved) };
}

/** x + cos(theta) f_par + sin(theta) f_perp. Errors: a start that is no number, an eps below 0. */
export function rezeroConstrained({ theta = 0, ...options }: OrthogonalOptions & { readonly theta?: number } = {}): SkipKind {
  checkStart("rezeroConstrained", "theta", theta);
  const resolved = resolveOrthogonal("rezeroConstrained", options);
  return { label: "rezero, constrained", at: () => new ConstrainedSkip(theta, resolved) };
}
