// The orthogonal update with factors on its parts: y = x' + (v - s x') + c u with x' = a x, v = b u + shift and s = <x',v> / (<x',x'> + eps),
// factors [a, b, c]. `parts` says which of them there are, 1 for a, 2 for b, 4 for c: absent ones count as 1, 1 and 0 and are not read.
import { kernel } from "./kernel.ts";

export interface Sizes {
  readonly rows: number;
  readonly cols: number;
  readonly parts: number;
  readonly shift: number;
  readonly eps: number;
}

/** Elements of a strip, unless one row or the blocks of the sums want more; as in the wasm kernels. */
const STRIP = 512;

const BLOCK = 1024;

const ROW_SCRATCH = 224;

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** Elements of a strip whose rows come in multiples of `unit`. */
function stripLength({ rows, cols }: Sizes, unit: number): number {
  const fitting = Math.trunc(STRIP / Math.max(1, cols));
  return cols * Math.max(1, Math.min(rows, Math.max(unit, fitting - (fitting % unit))));
}

export const weightedUpdate = /* @__PURE__ */ kernel({
  name: "weighted_update_f32",
  buffers: { x: "in", u: "in", factors: "in", y: "out", s: "out" },
  numbers: ["rows", "cols", "parts", "shift", "eps"],
  lengths: ({ rows, cols }) => ({ x: rows * cols, u: rows * cols, factors: 3, y: rows * cols, s: rows }),
  scratch: (sizes) => ROW_SCRATCH + 2 * (stripLength(sizes, 1) + 48),
});

/**
 * The gradients. With t = <x',dy> / (<x',x'> + eps), dx' = dy - s dy - t v + 2 s t x' and dv = dy - t x': dx = a dx', du = b dv + c dy, and
 * sums = [<dx',x>, <dv,u>, <dy,u>] over all rows, the gradients of the factors that there are; others are 0. dx may be dy.
 */
export const weightedUpdateBackward = /* @__PURE__ */ kernel({
  name: "weighted_update_backward_f32",
  buffers: { x: "in", u: "in", factors: "in", s: "in", dy: "in", dx: "out", du: "out", sums: "out?" },
  numbers: ["rows", "cols", "parts", "shift", "eps"],
  lengths: ({ rows, cols }) => ({
    ...{ x: rows * cols, u: rows * cols, factors: 3, s: rows, dy: rows * cols },
    ...{ dx: rows * cols, du: rows * cols, sums: 3 },
  }),
  scratch: (sizes) => ROW_SCRATCH + 3 * (stripLength(sizes, BLOCK / commonDivisor(BLOCK, sizes.cols)) + 48),
});
