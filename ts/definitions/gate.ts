// What the kernels of ts/kernels/gate.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/gate.ts";
import { defined } from "./definition.ts";

const samples = [0, 1, 3, 4, 5, 17, 64, 1023, 1024, 1025, 2100].flatMap((length) => [
  { length, exclusive: 1 },
  { length, exclusive: 0 },
]);

export const gate = /* @__PURE__ */ defined(kernels.gate, {
  define: ({ z, x, f, g, y }, { length, exclusive }) => {
    for (let i = 0; i < length; i++) {
      g[i] = z[i] < 0 ? Math.exp(z[i]) / (1 + Math.exp(z[i])) : 1 / (1 + Math.exp(-z[i]));
      y[i] = exclusive ? x[i] + g[i] * (f[i] - x[i]) : x[i] - g[i] * x[i] + f[i];
    }
  },
  samples,
});

export const gateBackward = /* @__PURE__ */ defined(kernels.gateBackward, {
  define: ({ g, x, f, dy, dz, dx, df }, { length, exclusive }) => {
    for (let i = 0; i < length; i++) {
      dz[i] = dy[i] * (exclusive ? f[i] - x[i] : -x[i]) * g[i] * (1 - g[i]);
      df[i] = exclusive ? dy[i] * g[i] : dy[i];
      dx[i] = dy[i] - dy[i] * g[i];
    }
  },
  samples,
  fill: { g: (_, normal) => 1 / (1 + Math.exp(-normal)) },
});
