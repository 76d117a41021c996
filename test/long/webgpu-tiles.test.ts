// Products, convolutions and their gradients on a GPU by every tile, whatever their size.
import { suite } from "uvu";
import { checkFamilies } from "../webgpu/contract.ts";

for (const tile of ["huge", "large", "tall32", "tall16"]) {
  const test = suite(`webgpu/tiles, ${tile}`);
  checkFamilies(test, `webgpu/tiles, ${tile}`, ["gemm", "conv"], { args: [`--tile=${tile}`] });
  test.run();
}
