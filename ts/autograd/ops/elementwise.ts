// Elementwise arithmetic with broadcasting (as NumPy's), comparisons (1 or 0), and where.
import * as kernels from "../../kernels/elementwise.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import { emptyLike, launch, overwriting } from "../launch.ts";
import { defineOp } from "../op.ts";
import { broadcastShape, expanded, sumTo } from "../strided.ts";
import type { Tensor } from "../tensor.ts";

type Pair = readonly [Tensor, Tensor];
type One = readonly [Tensor];
type BinaryKernel = Kernel<{ readonly a: "in"; readonly b: "in"; readonly y: "out" }, readonly ["length"]>;
type UnaryKernel = Kernel<{ readonly x: "in"; readonly y: "out" }, readonly ["length"]>;

function binary(kernel: BinaryKernel, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShape(kernel.name.replace("_f32", ""), a.shape, b.shape);
  const y = emptyLike(a, shape);
  launch(kernel, { a: expanded(a, shape), b: expanded(b, shape), y }, { length: y.size });
  return y;
}

function unary(kernel: UnaryKernel, x: Tensor): Tensor {
  const y = emptyLike(x);
  launch(kernel, { x, y }, { length: x.size });
  return y;
}

/** scale * x + shift, unrecorded. */
function scaled(x: Tensor, scale: number, shift = 0): Tensor {
  const y = emptyLike(x);
  launch(kernels.affine, { x, y }, { length: x.size, scale, shift });
  return y;
}

/** A result for a slice, so that its sum over the batch is formed shard by shard. */
function like(y: Tensor, dy: Tensor): Tensor {
  y.batch = dy.batch;
  return y;
}

const pairs = [
  {
    inputs: [
      [2, 3],
      [2, 3],
    ],
    attributes: {},
  },
  {
    inputs: [
      [2, 3, 5],
      [3, 1],
    ],
    attributes: {},
  },
  { inputs: [[4], []], attributes: {} },
  {
    inputs: [
      [3, 1],
      [1, 4],
    ],
    attributes: {},
  },
] as const;
const away = (_input: number, _index: number, normal: number): number => (normal < 0 ? normal - 0.5 : normal + 0.5);

export const addOp = /* @__PURE__ */ defineOp<Pair, object>("add", {
  forward: ([a, b]) => binary(kernels.add, a, b),
  vjp: (dy, _y, [a, b]) => [() => sumTo(dy, a), () => sumTo(dy, b)],
  samples: pairs,
});

export const subtractOp = /* @__PURE__ */ defineOp<Pair, object>("subtract", {
  forward: ([a, b]) => binary(kernels.subtract, a, b),
  vjp: (dy, _y, [a, b]) => [() => sumTo(dy, a), () => sumTo(like(scaled(dy, -1), dy), b)],
  samples: pairs,
});

export const multiplyOp = /* @__PURE__ */ defineOp<Pair, object>("multiply", {
  forward: ([a, b]) => binary(kernels.multiply, a, b),
  vjp: (dy, _y, [a, b]) => [
    () => sumTo(like(binary(kernels.multiply, dy, b), dy), a),
    () => sumTo(like(binary(kernels.multiply, dy, a), dy), b),
  ],
  samples: pairs,
});

export const divideOp = /* @__PURE__ */ defineOp<Pair, object>("divide", {
  forward: ([a, b]) => binary(kernels.divide, a, b),
  vjp: (dy, y, [a, b]) => [
    () => sumTo(like(binary(kernels.divide, dy, b), dy), a),
    () => sumTo(like(scaled(binary(kernels.divide, binary(kernels.multiply, dy, y), b), -1), dy), b),
  ],
  samples: pairs.map((sample) => ({ ...sample, fill: away })),
});

/** Gradient of a choice between a and b: dy where the mask is 1; ties give it to the first. */
function chosen(dy: Tensor, mask: Tensor, target: Tensor, sign: 1 | -1): ReturnType<typeof sumTo> {
  const share = sign === 1 ? mask : scaled(mask, -1, 1);
  return sumTo(like(binary(kernels.multiply, dy, share), dy), target);
}

export const maximumOp = /* @__PURE__ */ defineOp<Pair, object>("maximum", {
  forward: ([a, b]) => ({ value: binary(kernels.maximum, a, b), saved: [binary(kernels.greaterEqual, a, b)] }),
  vjp: (dy, _y, [a, b], _none, [mask]) => [() => chosen(dy, mask, a, 1), () => chosen(dy, mask, b, -1)],
  samples: pairs,
});

export const minimumOp = /* @__PURE__ */ defineOp<Pair, object>("minimum", {
  forward: ([a, b]) => ({ value: binary(kernels.minimum, a, b), saved: [binary(kernels.greaterEqual, b, a)] }),
  vjp: (dy, _y, [a, b], _none, [mask]) => [() => chosen(dy, mask, a, 1), () => chosen(dy, mask, b, -1)],
  samples: pairs,
});

export const affineOp = /* @__PURE__ */ defineOp<One, { readonly scale: number; readonly shift: number }>("affine", {
  forward: ([x], { scale, shift }) => scaled(x, scale, shift),
  vjp: (dy, _y, _inputs, { scale }) => [() => scaled(dy, scale)],
  samples: [{ inputs: [[3, 5]], attributes: { scale: -1.5, shift: 0.25 } }],
});

export const reluOp = /* @__PURE__ */ defineOp<One, object>("relu", {
  forward: ([x]) => unary(kernels.relu, x),
  vjp: (dy, _y, [x]) => [
    () => {
      const dx = overwriting(dy);
      launch(kernels.reluBackward, { x, dy, dx }, { length: x.size });
      return dx;
    },
  ],
  samples: [{ inputs: [[3, 7]], attributes: {}, fill: away }],
});

export const absoluteOp = /* @__PURE__ */ defineOp<One, object>("absolute", {
  forward: ([x]) => unary(kernels.absolute, x),
  vjp: (dy, _y, [x]) => [() => binary(kernels.multiply, dy, unary(kernels.sign, x))],
  samples: [{ inputs: [[9]], attributes: {}, fill: away }],
});

export const sqrtOp = /* @__PURE__ */ defineOp<One, object>("sqrt", {
  forward: ([x]) => unary(kernels.sqrt, x),
  vjp: (dy, y) => [() => scaled(binary(kernels.divide, dy, y), 0.5)],
  samples: [{ inputs: [[9]], attributes: {}, fill: (_input, _index, normal) => 0.25 + Math.abs(normal) }],
});

export const reciprocalOp = /* @__PURE__ */ defineOp<One, object>("reciprocal", {
  forward: ([x]) => unary(kernels.reciprocal, x),
  vjp: (dy, y) => [() => scaled(binary(kernels.multiply, dy, binary(kernels.multiply, y, y)), -1)],
  samples: [{ inputs: [[9]], attributes: {}, fill: away }],
});

export const clampOp = /* @__PURE__ */ defineOp<One, { readonly low: number; readonly high: number }>("clamp", {
  forward: ([x], { low, high }) => {
    const y = emptyLike(x);
    launch(kernels.clamp, { x, y }, { length: x.size, low, high });
    return y;
  },
  vjp: (dy, y, [x]) => [() => binary(kernels.multiply, dy, binary(kernels.equal, x, y))],
  samples: [{ inputs: [[4, 5]], attributes: { low: -0.5, high: 0.75 } }],
});

export const whereOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor, Tensor], object>("where", {
  forward: ([condition, a, b]) => {
    const shape = broadcastShape("where", condition.shape, broadcastShape("where", a.shape, b.shape));
    const y = emptyLike(a, shape);
    launch(kernels.where, { condition: expanded(condition, shape), a: expanded(a, shape), b: expanded(b, shape), y }, { length: y.size });
    return y;
  },
  vjp: (dy, _y, [condition, a, b]) => {
    const masked = (keepWhen: boolean, target: Tensor): ReturnType<typeof sumTo> => {
      const zero = scaled(dy, 0);
      const dx = emptyLike(dy);
      const mask = expanded(condition, dy.shape);
      launch(kernels.where, { condition: mask, a: keepWhen ? dy : zero, b: keepWhen ? zero : dy, y: dx }, { length: dy.size });
      return sumTo(like(dx, dy), target);
    };
    return [null, () => masked(true, a), () => masked(false, b)];
  },
  samples: [
    { inputs: [[2, 3], [2, 3], [3]], attributes: {}, constant: [0], fill: (input, index, normal) => (input === 0 ? index % 2 : normal) },
  ],
});

type Operand = Tensor | number;

function asTensor(value: Operand, beside: Tensor): Tensor {
  if (typeof value !== "number") return value;
  const made = emptyLike(beside, []);
  made.backend.fill(made.buffer, value);
  return made;
}

/** a + b. */
export function add(a: Tensor, b: Operand): Tensor {
  return typeof b === "number" ? affineOp([a], { scale: 1, shift: b }) : addOp([a, b], {});
}

/** a - b. */
export function subtract(a: Operand, b: Operand): Tensor {
  if (typeof a === "number") {
    if (typeof b === "number") throw new Error("subtract: two numbers, wanted a tensor");
    return affineOp([b], { scale: -1, shift: a });
  }
  return typeof b === "number" ? affineOp([a], { scale: 1, shift: -b }) : subtractOp([a, b], {});
}

/** a * b, elementwise. */
export function multiply(a: Tensor, b: Operand): Tensor {
  return typeof b === "number" ? affineOp([a], { scale: b, shift: 0 }) : multiplyOp([a, b], {});
}

/** a / b, elementwise. */
export function divide(a: Operand, b: Operand): Tensor {
  if (typeof a === "number") {
    if (typeof b === "number") throw new Error("divide: two numbers, wanted a tensor");
    return affineOp([reciprocalOp([b], {})], { scale: a, shift: 0 });
  }
  return divideOp([a, asTensor(b, a)], {});
}

/** The larger of a and b. */
export function maximum(a: Tensor, b: Operand): Tensor {
  return maximumOp([a, asTensor(b, a)], {});
}

/** The smaller of a and b. */
export function minimum(a: Tensor, b: Operand): Tensor {
  return minimumOp([a, asTensor(b, a)], {});
}

/** scale * x + shift for two numbers. */
export function affine(x: Tensor, scale: number, shift: number): Tensor {
  return affineOp([x], { scale, shift });
}

/** max(x, 0). */
export function relu(x: Tensor): Tensor {
  return reluOp([x], {});
}

/** |x|; the gradient at 0 is 0. */
export function absolute(x: Tensor): Tensor {
  return absoluteOp([x], {});
}

/** Square root; NaN below 0. */
export function sqrt(x: Tensor): Tensor {
  return sqrtOp([x], {});
}

/** min(max(x, low), high); each may be infinite. Error: no number. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high || low > high)) throw new Error(`clamp: ${low} to ${high}, wanted two numbers`);
  return clampOp([x], { low, high });
}

/** a where condition is not 0, else b; all three broadcast. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return whereOp([condition, a, b], {});
}

function comparison(name: string, kernel: BinaryKernel, swap: boolean): (a: Tensor, b: Operand) => Tensor {
  const compare = defineOp<Pair, object>(name, {
    forward: ([a, b]) => (swap ? binary(kernel, b, a) : binary(kernel, a, b)),
    vjp: () => [null, null],
    samples: [],
  });
  return (a, b) => {
    const y = compare([a, asTensor(b, a)], {});
    y.requiresGrad = false;
    y.node = null;
    return y;
  };
}

/** 1 where a > b, else 0. */
export const greater = /* @__PURE__ */ comparison("greater", kernels.greater, false);
/** 1 where a >= b, else 0. */
export const greaterEqual = /* @__PURE__ */ comparison("greaterEqual", kernels.greaterEqual, false);
/** 1 where a < b, else 0. */
export const less = /* @__PURE__ */ comparison("less", kernels.greater, true);
/** 1 where a <= b, else 0. */
export const lessEqual = /* @__PURE__ */ comparison("lessEqual", kernels.greaterEqual, true);
/** 1 where a = b, else 0. */
export const equal = /* @__PURE__ */ comparison("equal", kernels.equal, false);
