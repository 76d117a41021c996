// Matrix products and attention on a GPU against their float64 definitions.
import { suite } from "uvu";
import { checkFamilies } from "./contract.ts";

const test = suite("webgpu/contract of products");

checkFamilies(test, "webgpu/contract of products", ["gemm", "attention"]);
checkFamilies(test, "webgpu/contract of products, in tiles", ["gemm", "attention"], { args: ["--tile=small", "--samples=all"] });

test.run();
