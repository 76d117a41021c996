// A residual net on a GPU in a plain loop, beside the CPU.
import { suite } from "uvu";
import { checkLoop } from "./training.ts";

const test = suite("webgpu/training loop");

checkLoop(test);

test.run();
