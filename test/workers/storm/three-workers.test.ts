// Some 40 losses of workers in a team of three, batch norm, at any point of a step: the numbers are those of a run without.
import { suite } from "uvu";
import { checkWholeStorm } from "./check.ts";

const test = suite("storm, three workers, batch norm");

test("the same numbers as without", () => checkWholeStorm({ seed: 52300, workers: 3, faults: 38, hangs: 13, variant: "batch norm" }));

test.run();
