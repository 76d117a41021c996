// Pooling: a window is summed row by row in float32, a gradient takes the windows in the order of the output; the mean over all pixels
// takes them in blocks of 64 in float32, blocks in order in float64.
import * as kernels from "../../../ts/definitions/pool.ts";
import { exact, f, scalar, type Scalar } from "./scalar.ts";

type Window = Readonly<Record<"n" | "h" | "w" | "c" | "size" | "stride" | "padding", number>>;

const outputs = (length: number, { size, stride, padding }: Window): number =>
  Math.max(0, Math.floor((length + 2 * padding - size) / stride) + 1);

/** Calls visit(output, place in the window, input) for what lies inside, in the order of outputs and then of places. */
function eachTap(window: Window, visit: (to: number, place: number, from: number) => void): void {
  const { n, h, w, c, size, stride, padding } = window;
  let to = 0;
  for (let i = 0; i < n; i++)
    for (let p = 0; p < outputs(h, window); p++)
      for (let q = 0; q < outputs(w, window); q++)
        for (let j = 0; j < c; j++, to++)
          for (let r = 0; r < size; r++)
            for (let s = 0; s < size; s++) {
              const row = p * stride - padding + r;
              const col = q * stride - padding + s;
              if (row >= 0 && row < h && col >= 0 && col < w) visit(to, r * size + s, ((i * h + row) * w + col) * c + j);
            }
}

export const pool: readonly Scalar[] = [
  scalar(kernels.globalAveragePool, ({ x, y }, { n, pixels, c }) => {
    for (let i = 0; i < n; i++)
      for (let j = 0; j < c; j++) {
        let total = 0;
        for (let from = 0; from < pixels; from += 64) {
          let sum = 0;
          for (let p = from; p < Math.min(pixels, from + 64); p++) sum = f(sum + x[(i * pixels + p) * c + j]);
          total += sum;
        }
        y[i * c + j] = total / Math.max(1, pixels);
      }
  }),
  exact(kernels.globalAveragePoolBackward),
  exact(kernels.maxPool2d),
  scalar(kernels.maxPool2dBackward, ({ index, dy, dx }, window) => {
    dx.fill(0);
    eachTap(window, (to, place, from) => {
      if (index[to] === place) dx[from] += dy[to];
    });
  }),
  scalar(kernels.averagePool2d, ({ x, y }, window) => {
    y.fill(0);
    eachTap(window, (to, _place, from) => (y[to] += x[from]));
    for (let i = 0; i < y.length; i++) y[i] /= window.size * window.size;
  }),
  scalar(kernels.averagePool2dBackward, ({ dy, dx }, window) => {
    dx.fill(0);
    eachTap(window, (to, _place, from) => (dx[from] += f(dy[to] / (window.size * window.size))));
  }),
  exact(kernels.subsample2d),
  exact(kernels.subsample2dBackward),
  exact(kernels.subsample2dBackwardAdd),
];
