import { suite } from "uvu";
import * as assert from "uvu/assert";
import { interleave } from "../../bench/suite/interleave.ts";

const interleaving = suite("bench rounds");

interleaving("variants take turns, every second round backwards, one call each without a time", async () => {
  const calls: string[] = [];
  const variant = (name: string) => ({ name, run: () => void calls.push(name) });
  await interleave([variant("a"), variant("b"), variant("c")], { rounds: 3, time: 0, warmupCalls: 1 });
  assert.is(calls.join(""), "abc" + "abc" + "cba" + "abc");
});

interleaving("series belong to their variant, with the duration and CPU time that it tells", async () => {
  let round = 0;
  let cpu = 0;
  const tells = (ms: number) => async () => {
    round++;
    cpu += 7;
    return { overriddenDuration: ms * round, overriddenIterationCost: ms };
  };
  const [quick, slow] = await interleave(
    [
      { name: "quick", run: tells(1), isAsync: true, cpu: () => cpu },
      { name: "slow", run: tells(100), isAsync: true },
    ],
    { rounds: 2, time: 0 },
  );
  // Calls: quick 1, slow 2, slow 3, quick 4.
  assert.equal([quick.name, ...quick.medians, quick.best], ["quick", 1, 4, 1]);
  assert.equal([slow.name, ...slow.medians, slow.best], ["slow", 200, 300, 200]);
  assert.equal(quick.cpuTimes, [7, 7]);
});

interleaving("what a variant says of its cost ends its round", async () => {
  let calls = 0;
  const run = async () => {
    calls++;
    return { overriddenDuration: 0.001, overriddenIterationCost: 10 };
  };
  await interleave([{ name: "a", run, isAsync: true }], { rounds: 1, time: 25 });
  assert.is(calls, 3);
});

interleaving("an error is not swallowed", async () => {
  const run = (): void => {
    throw new Error("no such kernel");
  };
  let said = "";
  await interleave([{ name: "a", run }], { rounds: 1, time: 0 }).catch((error: Error) => (said = error.message));
  assert.is(said, "no such kernel");
});

interleaving.run();
