// Some 75 losses of workers in a team of two, at any point of a step: the numbers are those of a run without. (About 1 minute.)
import { suite } from "uvu";
import { checkWholeStorm } from "../workers/storm/check.ts";

const test = suite("storm, two workers");

test("the same numbers as without", () => checkWholeStorm({ seed: 12, workers: 2, faults: 72, hangs: 22, variant: "group norm" }));

test.run();
