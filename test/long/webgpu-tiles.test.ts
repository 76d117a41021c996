// Products, convolutions and their gradients on a GPU by every tile, whatever their size.
import { checkFamilies } from "../webgpu/contract.ts";

for (const tile of ["huge", "large", "tall32", "tall16"]) checkFamilies(`webgpu/tiles, ${tile}`, ["gemm", "conv"], [`--tile=${tile}`]);
