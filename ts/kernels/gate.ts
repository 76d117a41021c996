// A gate between a stream x and a branch f: y = (1 - g) x + g f, or (1 - g) x + f where the stream alone is gated, g = sigmoid(z).
import { kernel } from "./kernel.ts";

/** g is kept for the gradients. */
export const gate = /* @__PURE__ */ kernel({
  name: "gate_f32",
  buffers: { z: "in", x: "in", f: "in", g: "out", y: "out" },
  numbers: ["length", "exclusive"],
  lengths: ({ length }) => ({ z: length, x: length, f: length, g: length, y: length }),
});

/** dz, dx and df of it. */
export const gateBackward = /* @__PURE__ */ kernel({
  name: "gate_backward_f32",
  buffers: { g: "in", x: "in", f: "in", dy: "in", dz: "out", dx: "out", df: "out" },
  numbers: ["length", "exclusive"],
  lengths: ({ length }) => ({ g: length, x: length, f: length, dy: length, dz: length, dx: length, df: length }),
});
