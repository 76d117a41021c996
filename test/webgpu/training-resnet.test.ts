// A residual net with orthogonal updates on a GPU, through a pool: clipping, SGD, averages; in half precision where the driver has it.
import { suite } from "uvu";
import { checkHalf, checkPool } from "./training.ts";

const test = suite("webgpu/training resnet");

checkPool(test, "resnet");
checkHalf(test, "resnet");

test.run();
