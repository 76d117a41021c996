// A tile of matrix products that only sizes on a real GPU choose: the same function. The others are in test/long, since a driver that
// computes on the CPU compiles them for minutes.
import { checkFamilies } from "./contract.ts";

checkFamilies("webgpu/tiles", ["gemm"], ["--tile=tall16"]);
