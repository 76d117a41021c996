// Softmax, its logarithm and cross-entropy over rows, with their gradients. A row with a NaN or +infinity is NaN throughout.
import { NOT_NUMBERS } from "./each.ts";
import { rows } from "./rows.ts";
import type { GpuKernels } from "./source.ts";

/** ln sum e^x of a row of `name`, in `total`. */
const logSumExp = (name: string): string => `
  var most = -3.4e38;
  for (var j = lane; j < cols; j += u.lanes) { most = max(most, ${name}_at(first + j)); }
  most = largest(most);
  var powers = 0.0;
  for (var j = lane; j < cols; j += u.lanes) {
    let x = ${name}_at(first + j);
    powers += select(exp(x - most), not_a_number(), !is_finite(x) && !(x < 0.0));
  }
  let total = most + log(sum1(powers));`;

const each = (body: string): string => `
  for (var j = lane; j < cols; j += u.lanes) {
    let at = first + j;
    ${body}
  }`;

export const kernels: GpuKernels = {
  softmax_f32: rows({
    name: "softmax",
    buffers: { x: "in", y: "out" },
    declarations: NOT_NUMBERS,
    body: `${logSumExp("x")}${each("y_put(at, exp(x_at(at) - total));")}`,
  }),
  log_softmax_f32: rows({
    name: "log_softmax",
    buffers: { x: "in", y: "out" },
    declarations: NOT_NUMBERS,
    body: `${logSumExp("x")}${each("y_put(at, x_at(at) - total);")}`,
  }),
  softmax_backward_f32: rows({
    name: "softmax_backward",
    buffers: { y: "in", dy: "in", dx: "out" },
    body: `
  var part = 0.0;${each("part += y_at(at) * dy_at(at);")}
  let sum = sum1(part);${each("dx_put(at, y_at(at) * (dy_at(at) - sum));")}`,
  }),
  log_softmax_backward_f32: rows({
    name: "log_softmax_backward",
    buffers: { y: "in", dy: "in", dx: "out" },
    body: `
  var part = 0.0;${each("part += dy_at(at);")}
  let sum = sum1(part);${each("dx_put(at, dy_at(at) - exp(y_at(at)) * sum);")}`,
  }),
  softmax_cross_entropy_f32: rows({
    name: "softmax_cross_entropy",
    buffers: { logits: "in", labels: "in", loss: "out", dlogits: "out" },
    floats: ["smoothing"],
    declarations: NOT_NUMBERS,
    body: `${logSumExp("logits")}
  let label = labels_at(select(0u, row, valid));
  let isClass = label >= 0.0 && label < f32(u.cols) && trunc(label) == label;
  let level = select(not_a_number(), total, isClass);
  var part = 0.0;${each("part += level - logits_at(at);")}
  let sum = sum1(part);
  if (valid && lane == 0u) {
    let own = logits_at(first + select(0u, u32(label), isClass));
    loss_put(row, (1.0 - u.smoothing) * (level - own) + select(0.0, u.smoothing / f32(u.cols) * sum, u.smoothing != 0.0));
  }${each("dlogits_put(at, exp(logits_at(at) - level) - select(0.0, 1.0 - u.smoothing, f32(j) == label) - u.smoothing / f32(u.cols));")}`,
  }),
  softmax_cross_entropy_soft_f32: rows({
    name: "softmax_cross_entropy_soft",
    buffers: { logits: "in", targets: "in", loss: "out", dlogits: "out" },
    declarations: NOT_NUMBERS,
    body: `${logSumExp("logits")}
  var parts = vec2<f32>(0.0);${each("let t = targets_at(at); parts += vec2<f32>(t, t * (total - logits_at(at)));")}
  let sums = sum2(parts);
  if (valid && lane == 0u) { loss_put(row, sums.y); }${each("dlogits_put(at, sums.x * exp(logits_at(at) - total) - targets_at(at));")}`,
  }),
};
