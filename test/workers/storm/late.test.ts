// Workers that are silent for too long and then go on: the numbers are those of a run without.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkStorm } from "./check.ts";

const test = suite("storm of late workers");

test("the same numbers as without", async () => {
  const { report } = await checkStorm({ seed: 4, workers: 2, faults: 9, hangs: 1, variant: "batch norm", kinds: ["late"], seconds: 0.8 });
  assert.ok(report.fired["late"] >= 7, `${report.fired["late"]} late`);
  assert.ok(report.reported["hang"] >= 7, `${report.reported["hang"]} given up`);
});

test.run();
