// Convolutions and their gradients on a GPU against their float64 definitions.
import { suite } from "uvu";
import { checkFamilies } from "./contract.ts";

const test = suite("webgpu/contract of convolutions");

checkFamilies(test, "webgpu/contract of convolutions", ["conv", "winograd"]);
checkFamilies(test, "webgpu/contract of convolutions, in tiles", ["conv"], { args: ["--tile=small", "--samples=all"] });

test.run();
