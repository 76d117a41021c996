// Elementwise arithmetic and random numbers, as assembly/simd/elementwise.ts and random.ts.
import * as kernels from "../../../ts/definitions/elementwise.ts";
import type { DefinedKernel } from "../../../ts/definitions/definition.ts";
import * as random from "../../../ts/definitions/random.ts";
import { maskLength } from "../../../ts/kernels/random.ts";
import { unary } from "./activation.ts";
import { exact, f, madd, pmax, pmin, scalar, type Scalar } from "./scalar.ts";

type Binary = DefinedKernel<{ readonly a: "in"; readonly b: "in"; readonly y: "out" }, readonly ["length"]>;

function binary(kernel: Binary, g: (a: number, b: number) => number): Scalar {
  return scalar(kernel, ({ a, b, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] = g(a[i], b[i]);
  });
}

export const elementwise: readonly Scalar[] = [
  binary(kernels.add, (a, b) => f(a + b)),
  binary(kernels.subtract, (a, b) => f(a - b)),
  binary(kernels.multiply, (a, b) => f(a * b)),
  binary(kernels.divide, (a, b) => f(a / b)),
  binary(kernels.maximum, (a, b) => (b !== b ? b : pmax(a, b))),
  binary(kernels.minimum, (a, b) => (b !== b ? b : pmin(a, b))),
  exact(kernels.greater),
  exact(kernels.greaterEqual),
  exact(kernels.equal),
  binary(kernels.addRelu, (a, b) => pmax(f(a + b), 0)),
  unary(kernels.relu, (x) => pmax(x, 0)),
  exact(kernels.absolute),
  exact(kernels.sign),
  exact(kernels.sqrt),
  exact(kernels.reciprocal),
  exact(kernels.reluBackward),
  scalar(kernels.affine, ({ x, y }, { length, scale, shift }) => {
    for (let i = 0; i < length; i++) y[i] = madd(x[i], f(scale), f(shift));
  }),
  scalar(kernels.clamp, ({ x, y }, { length, low, high }) => {
    for (let i = 0; i < length; i++) y[i] = pmin(pmax(x[i], f(low)), f(high));
  }),
  scalar(kernels.multiplyAdd, ({ a, b, c, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] = madd(a[i], b[i], c[i]);
  }),
  exact(kernels.where),
  exact(kernels.accumulate),
  exact(kernels.copyStrided),
  exact(random.philoxUniform),
  scalar(random.dropoutBackward, ({ dy, mask, dx }, { rows, cols, p }) => {
    const scale = f(1 / (1 - p));
    for (let at = 0; at < rows * cols; at++) {
      const [row, col] = [Math.floor(at / cols), at % cols];
      const stays = (mask[row * maskLength(1, cols) + (col >> 4)] >> (col & 15)) & 1;
      dx[at] = stays ? f(dy[at] * scale) : 0;
    }
  }),
  scalar(random.dropout, ({ x, y, mask }, numbers) => {
    const { rows, cols, p, key0, key1, counter2, counter3, firstRow } = numbers;
    const scale = f(1 / (1 - p));
    mask?.fill(0);
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) {
        const at = row * cols + col;
        const word = random.philox([col >> 2, firstRow + row, counter2, counter3], [key0, key1])[col & 3];
        const stays = (word >>> 8) / 16777216 >= p;
        y[at] = stays ? f(x[at] * scale) : 0;
        if (mask && stays) mask[row * maskLength(1, cols) + (col >> 4)] += 1 << (col & 15);
      }
    }
  }),
];
