// What the kernels of ts/kernels/activation.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/activation.ts";
import { defined } from "./definition.ts";
import { asDrawn, away, lengths, type Fill } from "./fills.ts";
import { unary } from "./unary.ts";

const wide = (_: number, normal: number) => normal * 4;

const positive = (_: number, normal: number) => Math.abs(normal) * 3 + 1e-6;

/** 1 - erf(x) for x >= 2 by its continued fraction, from a term up that is far enough. */
function erfcFar(x: number): number {
  let tail = x;
  for (let k = Math.ceil(10 + 300 / (x * x)); k > 0; k--) tail = x + (0.5 * k) / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}

/** The error function for |x| <= 2 by the series of positive terms 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1)/(2n+1)!!. */
function erfNear(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60 && Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The error function in float64, relative error about 1e-15. */
export function erf64(x: number): number {
  return Math.abs(x) <= 2 ? erfNear(x) : x > 0 ? 1 - erfcFar(x) : x < 0 ? erfcFar(-x) - 1 : NaN;
}

/** 1 - erf(x) in float64, relative error below 1e-13. */
export function erfc64(x: number): number {
  return x >= 2 ? erfcFar(x) : 1 - erf64(x);
}

function sigmoid64(x: number): number {
  return x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x));
}

/** The standard normal distribution function. */
function gauss64(x: number): number {
  return 0.5 * erfc64(-x * Math.SQRT1_2);
}

/** The argument whose sigmoid is the factor of gelu's tanh form: 2 sqrt(2/pi) (x + 0.044715 x^3). */
function geluTanhArgument(x: number): number {
  return 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
}

/** dx = dy * slope(x) */
function backwardOfInput(kernel: typeof kernels.geluBackward, slope: (x: number) => number) {
  return defined(kernel, {
    define: ({ x, dy, dx }, { length }) => {
      for (let i = 0; i < length; i++) dx[i] = dy[i] * slope(x[i]);
    },
    samples: lengths,
    fill: { x: wide },
  });
}

/** dx = dy * slope(y), of the forward's output. */
function backwardOfOutput(kernel: typeof kernels.tanhBackward, slope: (y: number) => number, fill: Fill) {
  return defined(kernel, {
    define: ({ y, dy, dx }, { length }) => {
      for (let i = 0; i < length; i++) dx[i] = dy[i] * slope(y[i]);
    },
    samples: lengths,
    fill: { y: fill },
  });
}

export const exp = /* @__PURE__ */ unary(kernels.exp, Math.exp, wide);

export const log = /* @__PURE__ */ unary(kernels.log, Math.log, positive);

export const tanh = /* @__PURE__ */ unary(kernels.tanh, Math.tanh, wide);

export const erf = /* @__PURE__ */ unary(kernels.erf, erf64, asDrawn);

export const sigmoid = /* @__PURE__ */ unary(kernels.sigmoid, sigmoid64, wide);

export const gelu = /* @__PURE__ */ unary(kernels.gelu, (x) => x * gauss64(x), wide);

export const geluTanh = /* @__PURE__ */ unary(kernels.geluTanh, (x) => x * sigmoid64(geluTanhArgument(x)), wide);

export const silu = /* @__PURE__ */ unary(kernels.silu, (x) => x * sigmoid64(x), wide);

export const softplus = /* @__PURE__ */ unary(kernels.softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), wide);

export const geluBackward = /* @__PURE__ */ backwardOfInput(
  kernels.geluBackward,
  (x) => gauss64(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
);

export const geluTanhBackward = /* @__PURE__ */ backwardOfInput(kernels.geluTanhBackward, (x) => {
  const s = sigmoid64(geluTanhArgument(x));
  return s + x * s * (1 - s) * 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
});

export const siluBackward = /* @__PURE__ */ backwardOfInput(kernels.siluBackward, (x) => {
  const s = sigmoid64(x);
  return s * (1 + x * (1 - s));
});

export const tanhBackward = /* @__PURE__ */ backwardOfOutput(
  kernels.tanhBackward,
  (y) => 1 - y * y,
  (_, normal) => Math.tanh(normal),
);

export const sigmoidBackward = /* @__PURE__ */ backwardOfOutput(
  kernels.sigmoidBackward,
  (y) => y * (1 - y),
  (_, normal) => sigmoid64(normal),
);

/** C's pow: as JavaScript's, except that 1^y is 1 and (-1)^inf is 1. */
function pow64(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b);
}

export const pow = /* @__PURE__ */ defined(kernels.pow, {
  define: ({ x, y }, { length, exponent }) => {
    for (let i = 0; i < length; i++) y[i] = pow64(x[i], exponent);
  },
  samples: [...lengths.map(({ length }) => ({ length, exponent: 3 })), ...[-2, 0, 1, 2, -1].map((exponent) => ({ length: 17, exponent }))],
  fill: { x: away },
});

export const powElementwise = /* @__PURE__ */ defined(kernels.powElementwise, {
  define: ({ a, b, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] = pow64(a[i], b[i]);
  },
  samples: lengths,
  fill: { a: positive },
});

export const binaryCrossEntropy = /* @__PURE__ */ defined(kernels.binaryCrossEntropy, {
  define: ({ logits, target, loss, dlogits }, { length }) => {
    for (let i = 0; i < length; i++) {
      const x = logits[i];
      dlogits[i] = sigmoid64(x) - target[i];
      loss[i] = Math.max(x, 0) - x * target[i] + Math.log1p(Math.exp(-Math.abs(x)));
    }
  },
  samples: lengths,
  fill: { logits: wide, target: (index, normal) => (index % 3 === 0 ? sigmoid64(normal) : index % 2) },
});
