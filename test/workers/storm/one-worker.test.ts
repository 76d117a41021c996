// Some 40 losses of workers in a team of one, batch norm, at any point of a step: the numbers are those of a run without.
import { suite } from "uvu";
import { checkWholeStorm } from "./check.ts";

const test = suite("storm, one worker, batch norm");

test("the same numbers as without", () => checkWholeStorm({ seed: 94100, workers: 1, faults: 38, hangs: 13, variant: "batch norm" }));

test.run();
