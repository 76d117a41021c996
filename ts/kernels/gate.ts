// A gate between a stream x and a branch f: y = (1 - g) x + g f, or (1 - g) x + f where the stream alone is gated, g = sigmoid(z).
import { kernel } from "./kernel.ts";

const samples = [0, 1, 3, 4, 5, 17, 64, 1023, 1024, 1025, 2100].flatMap((length) => [
  { length, exclusive: 1 },
  { length, exclusive: 0 },
]);

/** g is kept for the gradients. */
export const gate = /* @__PURE__ */ kernel({
  name: "gate_f32",
  buffers: { z: "in", x: "in", f: "in", g: "out", y: "out" },
  numbers: ["length", "exclusive"],
  lengths: ({ length }) => ({ z: length, x: length, f: length, g: length, y: length }),
  define: ({ z, x, f, g, y }, { length, exclusive }) => {
    for (let i = 0; i < length; i++) {
      g[i] = z[i] < 0 ? Math.exp(z[i]) / (1 + Math.exp(z[i])) : 1 / (1 + Math.exp(-z[i]));
      y[i] = exclusive ? x[i] + g[i] * (f[i] - x[i]) : x[i] - g[i] * x[i] + f[i];
    }
  },
  samples,
});

/** dz, dx and df of it. */
export const gateBackward = /* @__PURE__ */ kernel({
  name: "gate_backward_f32",
  buffers: { g: "in", x: "in", f: "in", dy: "in", dz: "out", dx: "out", df: "out" },
  numbers: ["length", "exclusive"],
  lengths: ({ length }) => ({ g: length, x: length, f: length, dy: length, dz: length, dx: length, df: length }),
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
