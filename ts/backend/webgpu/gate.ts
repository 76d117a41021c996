// A gate between a stream and a branch.
import { each, groupsFor } from "./each.ts";
import type { GpuKernel, GpuKernels, Source } from "./source.ts";

const byElement = (source: Source): GpuKernel => ({
  passes: ({ length, exclusive }) => [{ source, numbers: { length, exclusive }, groups: groupsFor(length) }],
});

export const kernels: GpuKernels = {
  gate_f32: byElement(
    each({
      name: "gate",
      buffers: { z: "in", x: "in", f: "in", g: "out", y: "out" },
      integers: ["exclusive"],
      body: `
  let z = z_at(i);
  let x = x_at(i);
  let f = f_at(i);
  let e = exp(-abs(z));
  let g = select(1.0, e, z < 0.0) / (1.0 + e);
  g_put(i, g);
  y_put(i, select(x - g * x + f, x + g * (f - x), u.exclusive == 1u));`,
    }),
  ),
  gate_backward_f32: byElement(
    each({
      name: "gate_backward",
      buffers: { g: "in", x: "in", f: "in", dy: "in", dz: "out", dx: "out", df: "out" },
      integers: ["exclusive"],
      body: `
  let g = g_at(i);
  let x = x_at(i);
  let dy = dy_at(i);
  let exclusive = u.exclusive == 1u;
  dz_put(i, dy * select(-x, f_at(i) - x, exclusive) * g * (1.0 - g));
  df_put(i, select(dy, dy * g, exclusive));
  dx_put(i, dy - dy * g);`,
    }),
  ),
};
