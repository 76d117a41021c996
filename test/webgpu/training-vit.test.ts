// A vision transformer on a GPU, through a pool: attention, layer norm, AdamW.
import { suite } from "uvu";
import { checkPool } from "./training.ts";

const test = suite("webgpu/training vit");

checkPool(test, "vit");

test.run();
