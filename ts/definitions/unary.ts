// Definitions of kernels that make each element of y from that of x alone.
import type { Kernel } from "../kernels/kernel.ts";
import { defined } from "./definition.ts";
import { lengths, type Fill } from "./fills.ts";

type Unary = Kernel<{ readonly x: "in"; readonly y: "out" }, readonly ["length"]>;

/** y = f(x) */
export function unary(kernel: Unary, f: (x: number) => number, fill: Fill) {
  return defined(kernel, {
    define: ({ x, y }, { length }) => {
      for (let i = 0; i < length; i++) y[i] = f(x[i]);
    },
    samples: lengths,
    fill: { x: fill },
  });
}
