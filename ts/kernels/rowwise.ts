// Row-wise inner products and the orthogonal residual update x + (u - s x), s = <x,u> / (<x,x> + eps), forward and backward.
// A row is one position's channels (update per position) or one whole sample (update per sample).
import { kernel } from "./kernel.ts";

/** y[row] = <a[row], b[row]>. */
export const rowDot = /* @__PURE__ */ kernel({
  name: "row_dot_f32",
  buffers: { a: "in", b: "in", y: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ a: rows * cols, b: rows * cols, y: rows }),
});

/** y = alpha[row] * x + z; y may be x or z. */
export const rowAxpy = /* @__PURE__ */ kernel({
  name: "row_axpy_f32",
  buffers: { alpha: "in", x: "in", z: "in", y: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ alpha: rows, x: rows * cols, z: rows * cols, y: rows * cols }),
});

/** y = alpha[row] * x; y may be x. */
export const rowScale = /* @__PURE__ */ kernel({
  name: "row_scale_f32",
  buffers: { alpha: "in", x: "in", y: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ alpha: rows, x: rows * cols, y: rows * cols }),
});

/** s[row] = <x,u> / (<x,x> + eps), y = x + (u - s x); y may be x or u. */
export const orthogonalUpdate = /* @__PURE__ */ kernel({
  name: "orthogonal_update_f32",
  buffers: { x: "in", u: "in", y: "out", s: "out" },
  numbers: ["rows", "cols", "eps"],
  lengths: ({ rows, cols }) => ({ x: rows * cols, u: rows * cols, y: rows * cols, s: rows }),
  scratch: () => 224,
});

/** With b = <x,x> + eps and t = <dy,x> / b: du = dy - t x, dx = dy - s dy - t u + 2 s t x. dx may be dy. */
export const orthogonalUpdateBackward = /* @__PURE__ */ kernel({
  name: "orthogonal_update_backward_f32",
  buffers: { x: "in", u: "in", s: "in", dy: "in", dx: "out", du: "out" },
  numbers: ["rows", "cols", "eps"],
  lengths: ({ rows, cols }) => ({
    x: rows * cols,
    u: rows * cols,
    s: rows,
    dy: rows * cols,
    dx: rows * cols,
    du: rows * cols,
  }),
  scratch: () => 224,
});

/**
 * Sums over the rows of ||x||^2, ||u_par||^2, ||u_perp||^2, ||u_par||^2 / max(||x||^2, eps), ||u_perp||^2 / max(||x||^2, eps) and
 * cos(x, u), where u_par = s x, u_perp = u - s x; the cosine of a zero vector is 0.
 */
export const streamStatistics = /* @__PURE__ */ kernel({
  name: "stream_statistics_f32",
  buffers: { x: "in", u: "in", y: "out" },
  numbers: ["rows", "cols", "eps"],
  lengths: ({ rows, cols }) => ({ x: rows * cols, u: rows * cols, y: 6 }),
});
