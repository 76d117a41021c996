// Winograd's transforms on a GPU against the convolutions' float64 definitions; kernels that do their work in parts, in small ones.
import { suite } from "uvu";
import { checkFamilies } from "./contract.ts";

const test = suite("webgpu/winograd");

checkFamilies(test, "webgpu/winograd", ["winograd"], { args: ["--convolution=winograd"] });
checkFamilies(test, "webgpu/winograd in parts", ["winograd", "attention"], { args: ["--convolution=winograd", "--workspace=40000"] });

test.run();
