// Weight updates. Factors are formed in float64 on the CPU, so that 1 - 0.999 keeps its digits.
import { each, groupsFor } from "./each.ts";
import type { GpuKernel, GpuKernels, Source } from "./source.ts";

type Sizes = Readonly<Record<string, number>>;

const over = (source: Source, derive: (numbers: Sizes) => Sizes): GpuKernel => ({
  passes: (numbers) => [{ source, numbers: { ...numbers, ...derive(numbers) }, groups: groupsFor(numbers["length"]) }],
});

export const kernels: GpuKernels = {
  sgd_f32: over(
    each({
      name: "sgd",
      buffers: { w: "in", g: "in", m: "in", wOut: "out", mOut: "out" },
      integers: ["plain", "nesterov"],
      floats: ["lr", "momentum", "fresh", "weightDecay", "gradientScale"],
      body: `
  let w = w_at(i);
  let d = u.gradientScale * g_at(i) + u.weightDecay * w;
  var velocity = d;
  if (u.plain == 0u) { velocity = u.momentum * m_at(i) + u.fresh * d; }
  wOut_put(i, w - u.lr * select(velocity, d + u.momentum * velocity, u.nesterov != 0u));
  mOut_put(i, velocity);`,
    }),
    ({ first, momentum, dampening }) => ({ plain: first !== 0 || momentum === 0 ? 1 : 0, fresh: 1 - dampening }),
  ),
  adam_f32: over(
    each({
      name: "adam",
      buffers: { w: "in", g: "in", m: "in", v: "in", wOut: "out", mOut: "out", vOut: "out" },
      floats: ["rate1", "rate2", "eps", "coupled", "kept", "stride", "scale2", "gradientScale"],
      body: `
  let w = w_at(i);
  let g = u.gradientScale * g_at(i) + u.coupled * w;
  let mean = m_at(i) + u.rate1 * (g - m_at(i));
  let square = v_at(i) + u.rate2 * (g * g - v_at(i));
  wOut_put(i, w * u.kept - u.stride * mean / (sqrt(square * u.scale2) + u.eps));
  mOut_put(i, mean);
  vOut_put(i, square);`,
    }),
    ({ lr, beta1, beta2, weightDecay, decoupled, correction1, correction2 }) => ({
      rate1: 1 - beta1,
      rate2: 1 - beta2,
      coupled: decoupled !== 0 ? 0 : weightDecay,
      kept: decoupled !== 0 ? 1 - lr * weightDecay : 1,
      stride: lr / correction1,
      scale2: 1 / correction2,
    }),
  ),
  ema_f32: over(
    each({
      name: "ema",
      buffers: { average: "in", w: "in", out: "out" },
      floats: ["rate"],
      body: "  out_put(i, average_at(i) + u.rate * (w_at(i) - average_at(i)));",
    }),
    ({ decay }) => ({ rate: 1 - decay }),
  ),
};
