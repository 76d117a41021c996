// Weight updates: SGD and Adam/AdamW as PyTorch defines them, and the moving average of weights. All may run in place.
import { kernel } from "./kernel.ts";

/**
 * d = gradientScale * g + weightDecay * w; mOut = d on the first step or without momentum, else momentum * m + (1 - dampening) * d;
 * wOut = w - lr * (nesterov ? d + momentum * mOut : mOut). wOut may be w, mOut may be m.
 */
export const sgd = /* @__PURE__ */ kernel({
  name: "sgd_f32",
  buffers: { w: "in", g: "in", m: "in", wOut: "out", mOut: "out" },
  numbers: ["length", "lr", "momentum", "dampening", "weightDecay", "nesterov", "gradientScale", "first"],
  lengths: ({ length }) => ({ w: length, g: length, m: length, wOut: length, mOut: length }),
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
});

/** out = average + (1 - decay) * (w - average); out may be average or w. */
export const ema = /* @__PURE__ */ kernel({
  name: "ema_f32",
  buffers: { average: "in", w: "in", out: "out" },
  numbers: ["length", "decay"],
  lengths: ({ length }) => ({ average: length, w: length, out: length }),
});
