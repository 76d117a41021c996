// A tile of matrix products that only sizes on a real GPU choose: the same function. The others are in test/long, since a driver that
// computes on the CPU compiles them for minutes.
import { suite } from "uvu";
import { checkFamilies } from "./contract.ts";

const test = suite("webgpu/tiles");

checkFamilies(test, "webgpu/tiles", ["gemm"], { args: ["--tile=tall16"] });

test.run();
