// What the kernels of ts/kernels/update.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/update.ts";
import { defined } from "./definition.ts";

const lengths = [0, 1, 3, 16, 19, 200];

const square = (_index: number, normal: number): number => normal * normal;

/** A short output may be nothing but cancellation. */
const tolerance = ({ length }: { readonly length: number }): number => (length < 16 ? 1e-4 : 1.6e-6);

const sgdDefaults = { lr: 0.1, momentum: 0.9, dampening: 0, weightDecay: 5e-4, nesterov: 0, gradientScale: 1, first: 0 };

const adamDefaults = {
  lr: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.01,
  decoupled: 0,
  correction1: 0.271,
  correction2: 0.002997001,
  gradientScale: 1,
};

export const sgd = /* @__PURE__ */ defined(kernels.sgd, {
  define: ({ w, g, m, wOut, mOut }, { length, lr, momentum, dampening, weightDecay, nesterov, gradientScale, first }) => {
    for (let i = 0; i < length; i++) {
      const d = gradientScale * g[i] + weightDecay * w[i];
      const velocity = first !== 0 || momentum === 0 ? d : momentum * m[i] + (1 - dampening) * d;
      wOut[i] = w[i] - lr * (nesterov !== 0 ? d + momentum * velocity : velocity);
      mOut[i] = velocity;
    }
  },
  samples: [
    ...lengths.map((length) => ({ ...sgdDefaults, length })),
    { ...sgdDefaults, length: 37, first: 1 },
    { ...sgdDefaults, length: 37, nesterov: 1 },
    { ...sgdDefaults, length: 37, nesterov: 1, first: 1 },
    { ...sgdDefaults, length: 37, momentum: 0, dampening: 0.5 },
    { ...sgdDefaults, length: 37, dampening: 0.5, gradientScale: 1 / 128 },
  ],
  tolerance,
});

export const adam = /* @__PURE__ */ defined(kernels.adam, {
  define: (
    { w, g, m, v, wOut, mOut, vOut },
    { length, lr, beta1, beta2, eps, weightDecay, decoupled, correction1, correction2, gradientScale },
  ) => {
    for (let i = 0; i < length; i++) {
      const gradient = gradientScale * g[i] + (decoupled !== 0 ? 0 : weightDecay * w[i]);
      const mean = m[i] + (1 - beta1) * (gradient - m[i]);
      const square = v[i] + (1 - beta2) * (gradient * gradient - v[i]);
      const decayed = w[i] * (decoupled !== 0 ? 1 - lr * weightDecay : 1);
      wOut[i] = decayed - ((lr / correction1) * mean) / (Math.sqrt(square / correction2) + eps);
      mOut[i] = mean;
      vOut[i] = square;
    }
  },
  samples: [
    ...lengths.map((length) => ({ ...adamDefaults, length })),
    { ...adamDefaults, length: 37, decoupled: 1 },
    { ...adamDefaults, length: 37, correction1: 0.1, correction2: 0.001, gradientScale: 1 / 128 },
  ],
  fill: { v: square },
  tolerance,
});

export const ema = /* @__PURE__ */ defined(kernels.ema, {
  define: ({ average, w, out }, { length, decay }) => {
    for (let i = 0; i < length; i++) out[i] = average[i] + (1 - decay) * (w[i] - average[i]);
  },
  samples: lengths.map((length) => ({ length, decay: 0.999 })),
  tolerance,
});
