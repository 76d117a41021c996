// All other kernels on a GPU against their float64 definitions.
import { families } from "../kernels/families.ts";
import { checkFamilies } from "./contract.ts";

const products = ["gemm", "conv", "winograd", "attention"];

checkFamilies(
  "webgpu/contract of the rest",
  families.filter((family) => !products.includes(family)),
);
