// A residual net with orthogonal updates on a GPU, through a pool: clipping, SGD, averages.
import { suite } from "uvu";
import { checkPool } from "./training.ts";

const test = suite("webgpu/training resnet");

checkPool(test, "resnet");

test.run();
