// Activations and their gradients, exp, log, powers and the binary cross-entropy. Errors are those of the driver's exp and log, a few
// units in the last place; erf, tanh and sigmoid are formed here so that no driver overflows in them.
import { each, NOT_NUMBERS } from "./each.ts";
import { elementwise } from "./elementwise.ts";
import type { GpuKernel, GpuKernels } from "./source.ts";

/** 1.1283792 is 2 / sqrt(pi); the series near 0, Abramowitz and Stegun's 7.1.26 elsewhere. */
const FUNCTIONS = `${NOT_NUMBERS}
fn erf(x: f32) -> f32 {
  let z = abs(x);
  let q = x * x;
  let near = x * 1.1283791671 * (1.0 - q * (0.3333333333 - q * (0.1 - q * (0.0238095238 - q * (0.0046296296 - q * (0.0007575758 - q * 0.0001068376))))));
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let far = 1.0 - t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-q);
  return select(select(-far, far, x > 0.0), near, z < 0.8);
}
fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}
fn hyperbolic(x: f32) -> f32 {
  let q = x * x;
  let e = exp(-2.0 * abs(x));
  let far = (1.0 - e) / (1.0 + e);
  let near = x * (1.0 - q * (0.3333333333 - q * (0.1333333333 - q * 0.0539682540)));
  return select(select(-far, far, x > 0.0), near, abs(x) < 0.2);
}
fn log_one_plus(z: f32) -> f32 { return select(log(1.0 + z), z * (1.0 - z * (0.5 - z * 0.3333333333)), z < 0.01); }
fn gauss(x: f32) -> f32 { return 0.5 * (1.0 + erf(x * 0.7071067812)); }
fn gelu_argument(x: f32) -> f32 { return 1.5957691216 * (x + 0.044715 * x * x * x); }
fn power(x: f32, y: f32) -> f32 {
  if (y == 0.0 || x == 1.0) { return 1.0; }
  let isWhole = trunc(y) == y;
  if (isWhole && abs(y) <= 32.0) {
    var result = 1.0;
    for (var k = 0u; k < u32(abs(y)); k++) { result *= x; }
    return select(result, 1.0 / result, y < 0.0);
  }
  if (x < 0.0 && !isWhole) { return not_a_number(); }
  if (x == 0.0) { return select(0.0, infinity(), y < 0.0); }
  let size = exp(y * log(abs(x)));
  let isOdd = isWhole && fract(y * 0.5) != 0.0;
  return select(size, -size, x < 0.0 && isOdd);
}`;

const unary = (name: string, value: string): GpuKernel =>
  elementwise(each({ name, buffers: { x: "in", y: "out" }, declarations: FUNCTIONS, body: `  let x = x_at(i);\n  y_put(i, ${value});` }));

const ofInput = (name: string, slope: string): GpuKernel =>
  elementwise(
    each({
      name,
      buffers: { x: "in", dy: "in", dx: "out" },
      declarations: FUNCTIONS,
      body: `  let x = x_at(i);\n  dx_put(i, dy_at(i) * (${slope}));`,
    }),
  );

const ofOutput = (name: string, slope: string): GpuKernel =>
  elementwise(each({ name, buffers: { y: "in", dy: "in", dx: "out" }, body: `  let y = y_at(i);\n  dx_put(i, dy_at(i) * (${slope}));` }));

export const kernels: GpuKernels = {
  exp_f32: unary("exp", "exp(x)"),
  log_f32: unary("log", "log(x)"),
  tanh_f32: unary("tanh", "hyperbolic(x)"),
  erf_f32: unary("erf", "erf(x)"),
  sigmoid_f32: unary("sigmoid", "sigmoid(x)"),
  gelu_f32: unary("gelu", "x * gauss(x)"),
  gelu_tanh_f32: unary("gelu_tanh", "x * sigmoid(gelu_argument(x))"),
  silu_f32: unary("silu", "x * sigmoid(x)"),
  softplus_f32: unary("softplus", "max(x, 0.0) + log_one_plus(exp(-abs(x)))"),
  gelu_backward_f32: ofInput("gelu_backward", "gauss(x) + x * exp(-0.5 * x * x) * 0.3989422804"),
  gelu_tanh_backward_f32: ofInput(
    "gelu_tanh_backward",
    "sigmoid(gelu_argument(x)) * (1.0 + x * (1.0 - sigmoid(gelu_argument(x))) * 1.5957691216 * (1.0 + 0.134145 * x * x))",
  ),
  silu_backward_f32: ofInput("silu_backward", "sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x)))"),
  tanh_backward_f32: ofOutput("tanh_backward", "1.0 - y * y"),
  sigmoid_backward_f32: ofOutput("sigmoid_backward", "y * (1.0 - y)"),
  pow_f32: elementwise(
    each({
      name: "pow",
      buffers: { x: "in", y: "out" },
      floats: ["exponent"],
      declarations: FUNCTIONS,
      body: "  y_put(i, power(x_at(i), u.exponent));",
    }),
  ),
  pow_elementwise_f32: elementwise(
    each({
      name: "pow_elementwise",
      buffers: { a: "in", b: "in", y: "out" },
      declarations: FUNCTIONS,
      body: "  y_put(i, power(a_at(i), b_at(i)));",
    }),
  ),
  binary_cross_entropy_f32: elementwise(
    each({
      name: "binary_cross_entropy",
      buffers: { logits: "in", target: "in", loss: "out", dlogits: "out" },
      declarations: FUNCTIONS,
      body: `
  let x = logits_at(i);
  let t = target_at(i);
  dlogits_put(i, sigmoid(x) - t);
  loss_put(i, max(x, 0.0) - x * t + log_one_plus(exp(-abs(x))));`,
    }),
  ),
};
