// Products, convolutions and their gradients on a GPU by every tile, whatever their size, and in the variants that an adapter has.
import { suite } from "uvu";
import { checkFamilies } from "../webgpu/contract.ts";

for (const tile of ["huge", "tall64", "large", "tall32", "tall16"]) {
  const test = suite(`webgpu/tiles, ${tile}`);
  checkFamilies(test, `webgpu/tiles, ${tile}`, ["gemm", "conv"], { args: [`--tile=${tile}`] });
  test.run();
}

for (const variant of ["--subgroups=products", "--precision=f16"]) {
  const test = suite(`webgpu/variants, ${variant}`);
  checkFamilies(test, `webgpu/variants, ${variant}`, ["conv", "attention"], { args: [variant] });
  test.run();
}
