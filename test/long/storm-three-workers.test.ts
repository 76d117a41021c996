// Some 75 losses of workers in a team of three, at any point of a step: the numbers are those of a run without. (About 1 minute.)
import { suite } from "uvu";
import { checkWholeStorm } from "../workers/storm/check.ts";

const test = suite("storm, three workers");

test("the same numbers as without", () => checkWholeStorm({ seed: 13, workers: 3, faults: 72, hangs: 22, variant: "batch norm" }));

test.run();
