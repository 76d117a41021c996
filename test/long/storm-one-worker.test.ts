// Some 75 losses of workers in a team of one, at any point of a step: the numbers are those of a run without. (About 1 minute.)
import { suite } from "uvu";
import { checkWholeStorm } from "../workers/storm/check.ts";

const test = suite("storm, one worker");

test("the same numbers as without", () => checkWholeStorm({ seed: 11, workers: 1, faults: 72, hangs: 22, variant: "batch norm" }));

test.run();
