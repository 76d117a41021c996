// Some 40 losses of workers in a team of two, group norm, at any point of a step: the numbers are those of a run without.
import { suite } from "uvu";
import { checkWholeStorm } from "./check.ts";

const test = suite("storm, two workers, group norm");

test("the same numbers as without", () => checkWholeStorm({ seed: 82250, workers: 2, faults: 38, hangs: 13, variant: "group norm" }));

test.run();
