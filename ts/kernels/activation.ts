// Activations and their gradients, exp, log, powers and the binary cross-entropy, elementwise. y may be x.
// Backends give exp log tanh erf within 2 units in the last place of these definitions, the rest within 4 where well conditioned.
import { kernel } from "./kernel.ts";

function unary(name: string) {
  return kernel({ name, buffers: { x: "in", y: "out" }, numbers: ["length"], lengths: ({ length }) => ({ x: length, y: length }) });
}

/** dx = dy * slope(x) */
function backwardOfInput(name: string) {
  return kernel({
    name,
    buffers: { x: "in", dy: "in", dx: "out" },
    numbers: ["length"],
    lengths: ({ length }) => ({ x: length, dy: length, dx: length }),
  });
}

/** dx = dy * slope(y), of the forward's output. */
function backwardOfOutput(name: string) {
  return kernel({
    name,
    buffers: { y: "in", dy: "in", dx: "out" },
    numbers: ["length"],
    lengths: ({ length }) => ({ y: length, dy: length, dx: length }),
  });
}

/** e^x: subnormal results are kept, exactly 0 below them, infinity above the range. */
export const exp = /* @__PURE__ */ unary("exp_f32");

/** ln x: -infinity of 0, NaN below. */
export const log = /* @__PURE__ */ unary("log_f32");

export const tanh = /* @__PURE__ */ unary("tanh_f32");

export const erf = /* @__PURE__ */ unary("erf_f32");

/** 1 / (1 + e^-x) */
export const sigmoid = /* @__PURE__ */ unary("sigmoid_f32");

/** x Phi(x), Phi the normal distribution function. */
export const gelu = /* @__PURE__ */ unary("gelu_f32");

/** x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 */
export const geluTanh = /* @__PURE__ */ unary("gelu_tanh_f32");

/** x sigmoid(x) */
export const silu = /* @__PURE__ */ unary("silu_f32");

/** ln(1 + e^x) */
export const softplus = /* @__PURE__ */ unary("softplus_f32");

/** dx = dy (Phi(x) + x phi(x)) */
export const geluBackward = /* @__PURE__ */ backwardOfInput("gelu_backward_f32");

export const geluTanhBackward = /* @__PURE__ */ backwardOfInput("gelu_tanh_backward_f32");

/** dx = dy s (1 + x (1 - s)), s = sigmoid(x) */
export const siluBackward = /* @__PURE__ */ backwardOfInput("silu_backward_f32");

/** dx = dy (1 - y^2) */
export const tanhBackward = /* @__PURE__ */ backwardOfOutput("tanh_backward_f32");

/** dx = dy y (1 - y) */
export const sigmoidBackward = /* @__PURE__ */ backwardOfOutput("sigmoid_backward_f32");

/** x^exponent as C's pow: whole exponents work for negative x, others give NaN; the 0th power is 1. Float64 inside. */
export const pow = /* @__PURE__ */ kernel({
  name: "pow_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["length", "exponent"],
  lengths: ({ length }) => ({ x: length, y: length }),
});

/** a^b, elementwise, as `pow`. */
export const powElementwise = /* @__PURE__ */ kernel({
  name: "pow_elementwise_f32",
  buffers: { a: "in", b: "in", y: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ a: length, b: length, y: length }),
});

/** Binary cross-entropy of logits: loss = max(x, 0) - x t + ln(1 + e^-|x|), dlogits = sigmoid(x) - t, not reduced. */
export const binaryCrossEntropy = /* @__PURE__ */ kernel({
  name: "binary_cross_entropy_f32",
  buffers: { logits: "in", target: "in", loss: "out", dlogits: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ logits: length, target: length, loss: length, dlogits: length }),
});
