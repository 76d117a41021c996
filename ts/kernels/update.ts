// Weight updates: SGD and Adam/AdamW as PyTorch defines them, and the moving average of weights. All may run in place.
import { kernel } from "./kernel.ts";

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

/**
 * d = gradientScale * g + weightDecay * w; mOut = d on the first step or without momentum, else momentum * m + (1 - dampening) * d;
 * wOut = w - lr * (nesterov ? d + momentum * mOut : mOut). wOut may be w, mOut may be m.
 */
export const sgd = /* @__PURE__ */ kernel({
  name: "sgd_f32",
  buffers: { w: "in", g: "in", m: "in", wOut: "out", mOut: "out" },
  numbers: ["length", "lr", "momentum", "dampening", "weightDecay", "nesterov", "gradientScale", "first"],
  lengths: ({ length }) => ({ w: length, g: length, m: length, wOut: length, mOut: length }),
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

/**
 * With g scaled by gradientScale and, unless decoupled, g += weightDecay * w: m += (1 - beta1) * (g - m), v += (1 - beta2) * (g^2 - v),
 * wOut = w * (decoupled ? 1 - lr * weightDecay : 1) - lr / correction1 * m / (sqrt(v / correction2) + eps). Outputs may be the inputs.
 */
export const adam = /* @__PURE__ */ kernel({
  name: "adam_f32",
  buffers: { w: "in", g: "in", m: "in", v: "in", wOut: "out", mOut: "out", vOut: "out" },
  numbers: ["length", "lr", "beta1", "beta2", "eps", "weightDecay", "decoupled", "correction1", "correction2", "gradientScale"],
  lengths: ({ length }) => ({ w: length, g: length, m: length, v: length, wOut: length, mOut: length, vOut: length }),
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

/** out = average + (1 - decay) * (w - average); out may be average or w. */
export const ema = /* @__PURE__ */ kernel({
  name: "ema_f32",
  buffers: { average: "in", w: "in", out: "out" },
  numbers: ["length", "decay"],
  lengths: ({ length }) => ({ average: length, w: length, out: length }),
  define: ({ average, w, out }, { length, decay }) => {
    for (let i = 0; i < length; i++) out[i] = average[i] + (1 - decay) * (w[i] - average[i]);
  },
  samples: lengths.map((length) => ({ length, decay: 0.999 })),
  tolerance,
});
