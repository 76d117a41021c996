// Softmax, its logarithm and the cross-entropy of logits, each over the rows of [rows, cols], with their gradients.
// Every row is a result of that row alone. A row with a NaN, with +infinity, or of -infinity only is NaN throughout.
import { kernel } from "./kernel.ts";

/** y = e^x / sum e^x */
export const softmax = /* @__PURE__ */ kernel({
  name: "softmax_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ x: rows * cols, y: rows * cols }),
});

/** y = x - ln sum e^x */
export const logSoftmax = /* @__PURE__ */ kernel({
  name: "log_softmax_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ x: rows * cols, y: rows * cols }),
});

/** dx = y (dy - sum_j y_j dy_j), y the forward's output. */
export const softmaxBackward = /* @__PURE__ */ kernel({
  name: "softmax_backward_f32",
  buffers: { y: "in", dy: "in", dx: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ y: rows * cols, dy: rows * cols, dx: rows * cols }),
});

/** dx = dy - e^y sum_j dy_j, y the forward's output (a logarithm). */
export const logSoftmaxBackward = /* @__PURE__ */ kernel({
  name: "log_softmax_backward_f32",
  buffers: { y: "in", dy: "in", dx: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ y: rows * cols, dy: rows * cols, dx: rows * cols }),
});

/**
 * Cross-entropy of logits with a class a row, and its gradient (not divided by the rows):
 * loss = (1 - smoothing) (L - x_label) + smoothing / cols sum_j (L - x_j), L = ln sum e^x,
 * dlogits = softmax - (1 - smoothing) [j = label] - smoothing / cols. A label that is no class makes the row NaN.
 */
export const softmaxCrossEntropy = /* @__PURE__ */ kernel({
  name: "softmax_cross_entropy_f32",
  buffers: { logits: "in", labels: "in", loss: "out", dlogits: "out" },
  numbers: ["rows", "cols", "smoothing"],
  lengths: ({ rows, cols }) => ({ logits: rows * cols, labels: rows, loss: rows, dlogits: rows * cols }),
});

/** Cross-entropy of logits with a distribution a row: loss = sum_j t_j (L - x_j), dlogits = softmax sum_j t_j - t. */
export const softmaxCrossEntropySoft = /* @__PURE__ */ kernel({
  name: "softmax_cross_entropy_soft_f32",
  buffers: { logits: "in", targets: "in", loss: "out", dlogits: "out" },
  numbers: ["rows", "cols"],
  lengths: ({ rows, cols }) => ({ logits: rows * cols, targets: rows * cols, loss: rows, dlogits: rows * cols }),
});
