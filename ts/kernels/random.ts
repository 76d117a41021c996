// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) and what is drawn with it. A number is
// a function of key and counter alone, never of the order of calls. A uniform is (word >>> 8) * 2^-24, exact in float32.
import { kernel } from "./kernel.ts";

/** y[4b + j] = word j of the block with counter (b, counter1, counter2, counter3), as a uniform in [0, 1). */
export const philoxUniform = /* @__PURE__ */ kernel({
  name: "philox_uniform_f32",
  buffers: { y: "out" },
  numbers: ["length", "key0", "key1", "counter1", "counter2", "counter3"],
  lengths: ({ length }) => ({ y: length }),
});

/** Values of a row that one value of a mask stands for. */
export const MASK_BITS = 16;

/** Values of the mask of rows. */
export const maskLength = (rows: number, cols: number): number => rows * Math.ceil(cols / MASK_BITS);

/**
 * y = u >= p ? x / (1 - p) : 0, u the uniform of word col & 3 of counter (col >> 2, firstRow + row, counter2, counter3). A row's mask does
 * not depend on where its batch begins. Bit col & 15 of value col >> 4 of a row of `mask`, a whole number below 2^16, is 1 for what stays.
 */
export const dropout = /* @__PURE__ */ kernel({
  name: "dropout_f32",
  buffers: { x: "in", y: "out", mask: "out?" },
  numbers: ["rows", "cols", "p", "key0", "key1", "counter2", "counter3", "firstRow"],
  lengths: ({ rows, cols }) => ({ x: rows * cols, y: rows * cols, mask: maskLength(rows, cols) }),
});

/** dx = dy / (1 - p) where the mask has a 1, else 0. */
export const dropoutBackward = /* @__PURE__ */ kernel({
  name: "dropout_backward_f32",
  buffers: { dy: "in", mask: "in", dx: "out" },
  numbers: ["rows", "cols", "p"],
  lengths: ({ rows, cols }) => ({ dy: rows * cols, mask: maskLength(rows, cols), dx: rows * cols }),
});
