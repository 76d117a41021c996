// Up to a step the one skip, then the other; evaluation follows the training, also from a saved state.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { additive, orthogonal, switchAt } from "../../../ts/models/index.ts";
import { deviates, joined, withSkip } from "./joined.ts";

const test = suite("models/skip/switch-at");

const [x, f] = [deviates(1, 60), deviates(2, 60)];
const sum = joined(additive(), x, f);
const update = joined(orthogonal(), x, f);

test("steps of the training decide, and evaluation does what the last step did", () =>
  withSkip(switchAt(2, additive(), orthogonal()), {}, ({ join }) => {
    const evaluated = (): number[] => join(x, f, { training: false, step: 99 });
    assert.equal(evaluated(), sum, "before any step");
    for (const [step, wanted] of [sum, sum, update, update].entries()) {
      assert.equal(join(x, f, { step }), wanted, `step ${step}`);
      assert.equal(evaluated(), wanted, `evaluated after step ${step}`);
    }
    // Another run from the start of the training.
    assert.equal(join(x, f, { step: 0 }), sum);
    assert.equal(evaluated(), sum);
  }));

test("the flag is part of the state and no parameter", () =>
  withSkip(switchAt(1, orthogonal(), additive()), {}, ({ join, unit }) => {
    assert.equal(unit.namedParameters(), []);
    const before = unit.stateDict();
    assert.equal(Object.keys(before), ["skip.switched"]);
    join(x, f, { step: 5 });
    assert.equal([...unit.stateDict()["skip.switched"].values], [1]);
    const after = unit.stateDict();
    unit.loadStateDict(before);
    assert.equal(join(x, f, { training: false }), update);
    unit.loadStateDict(after);
    assert.equal(join(x, f, { training: false }), sum);
  }));

test("from step 0 on it is the second", () => assert.equal(joined(switchAt(0, additive(), orthogonal()), x, f), update));

test("a step that is none", () => {
  for (const step of [-1, 1.5, NaN, Infinity])
    assert.throws(() => switchAt(step, additive(), orthogonal()), /switchAt: step .*, wanted a whole number of at least 0/);
});

test.run();
