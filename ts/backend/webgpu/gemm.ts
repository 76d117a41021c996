// Matrix products C = A B + bias, row-major, with A or B transposed.
import { product } from "./product.ts";
import type { GpuKernel, GpuKernels } from "./source.ts";

const PUT = "fn put(row: u32, col: u32, sum: item) { c_put(row * u.n + col, sum + bias_at(col)); }";
const STEP =
  "fn step_of(k: u32) -> vec4<i32> { return vec4<i32>(i32(k), 0, 0, 0); }\nfn row_of(row: u32) -> vec4<i32> { return vec4<i32>(i32(row), 0, 0, 0); }";

function gemm(name: string, a: "k" | "rows", b: "k" | "cols"): GpuKernel {
  const aAt = a === "k" ? "u32(row.x) * u.k + u32(step.x)" : "u32(step.x) * u.m + u32(row.x)";
  const bAt = b === "k" ? "col * u.k + k" : "k * u.n + col";
  return product({
    name,
    buffers: { a: "in", b: "in", bias: "in?", c: "out" },
    a,
    b,
    declarations: [
      STEP,
      `fn a_value(row: vec4<i32>, step: vec4<i32>) -> item { return a_at(${aAt}); }`,
      `fn b_value(k: u32, col: u32) -> item { return b_at(${bAt}); }`,
      PUT,
    ].join("\n"),
    size: ({ m, n, k }) => ({ m, n, k }),
    fours: ({ m, n, k }) => n % 4 === 0 && (a === "k" || b === "k" ? k % 4 === 0 : true) && (a === "rows" ? m % 4 === 0 : true),
  });
}

export const kernels: GpuKernels = {
  gemm_nn_f32: gemm("gemm_nn", "k", "cols"),
  gemm_tn_f32: gemm("gemm_tn", "rows", "cols"),
  gemm_nt_f32: gemm("gemm_nt", "k", "k"),
};
