// Matrix products, convolutions and attention on a GPU against their float64 definitions.
import { checkFamilies } from "./contract.ts";

checkFamilies("webgpu/contract of products", ["gemm", "conv", "winograd", "attention"]);
