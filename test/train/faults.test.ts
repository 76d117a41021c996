import { suite } from "uvu";
import * as assert from "uvu/assert";
import { faultText, type Fault } from "../../ts/train/faults.ts";

const test = suite("faults");
const fault: Fault = { kind: "hang", worker: 2, step: 7, attempt: 1, seconds: 1, message: "no answer for 1.00 s" };

test("a fault is one line, which says whether the step was done again", () => {
  const told = (part: Partial<Fault>): string => faultText({ ...fault, ...part });
  assert.is(told({}), "worker 2 was lost in step 7 (hang: no answer for 1.00 s) and replaced; the step was done again");
  assert.is(
    told({ kind: "exit", attempt: 0, message: "exited with code 1" }),
    "worker 2 was lost before step 7 (exit: exited with code 1) and replaced",
  );
  assert.is(told({ kind: "throw", message: "no\nat all" }), "worker 2 threw in step 7: no; the step was done again");
  assert.is(
    told({ kind: "start", attempt: 0, message: "no program" }),
    "worker 2 could not begin: no program; it is tried again, the others do its part",
  );
});

test.run();
