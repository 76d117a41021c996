// Some 40 losses of workers in a team of two, batch norm, at any point of a step: the numbers are those of a run without.
import { suite } from "uvu";
import { checkWholeStorm } from "./check.ts";

const test = suite("storm, two workers, batch norm");

test("the same numbers as without", () => checkWholeStorm({ seed: 111200, workers: 2, faults: 38, hangs: 13, variant: "batch norm" }));

test.run();
