// All other kernels on a GPU against their float64 definitions.
import { suite } from "uvu";
import { families } from "../kernels/families.ts";
import { checkFamilies } from "./contract.ts";

const products = ["gemm", "conv", "winograd", "attention"];
const rest = families.filter((family) => !products.includes(family));
const test = suite("webgpu/contract of the rest");

checkFamilies(test, "webgpu/contract of the rest", rest);

test.run();
