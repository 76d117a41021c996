// Some 40 losses of workers in a team of three, group norm, at any point of a step: the numbers are those of a run without.
import { suite } from "uvu";
import { checkWholeStorm } from "./check.ts";

const test = suite("storm, three workers, group norm");

test("the same numbers as without", () => checkWholeStorm({ seed: 20350, workers: 3, faults: 38, hangs: 13, variant: "group norm" }));

test.run();
