import { existsSync, readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { acceptRatios, checkRatios, judgeAgain, ratiosOf, readBaseline, TOLERANCE, writeBaseline } from "../../bench/suite/baseline.ts";
import { verdictText } from "../../bench/suite/markdown.ts";
import type { Row, Unit } from "../../bench/suite/rows.ts";

const baseline = suite("bench baseline");

const row = (name: string, value: number, unit: Unit, ceilingShare: number | null = null, threads = 1): Row => ({
  ...{ name, value, unit, threads, runtime: "node 20.20.2", ceilingShare },
});

const rows = [
  row("conv", 52, "GFLOP/s", 0.81234),
  row("relu", 15, "Gelem/s"),
  row("winograd_over_direct", 2.5, "speed ratio"),
  row("orthogonal_over_additive", 1.05, "time ratio", null, 2),
];

const accepted = acceptRatios(rows, null, "a machine", "node 20.20.2");

baseline("ratios are rows measured as such and shares of the ceiling; speeds are none", () => {
  assert.equal(ratiosOf(rows), {
    moreIsBetter: { "conv, 1 thread, GFLOP/s, share of ceiling": 0.812, "winograd_over_direct, 1 thread, speed ratio": 2.5 },
    lessIsBetter: { "orthogonal_over_additive, 2 threads, time ratio": 1.05 },
  });
});

baseline("the same run passes", () => {
  const verdicts = checkRatios(rows, accepted);
  assert.is(verdicts.length, 3);
  assert.ok(verdicts.every(({ worse, gain }) => !worse && Math.abs(gain - 1) < 1e-3));
  assert.is(verdictText(verdicts), "3 of 3 ratios are as good as accepted");
});

baseline("what got worse beyond the tolerance is named, in both directions", () => {
  const worse = checkRatios(
    [row("winograd_over_direct", 2.2, "speed ratio"), row("orthogonal_over_additive", 1.2, "time ratio", null, 2)],
    accepted,
  );
  assert.equal(
    worse.map((verdict) => [verdict.name, verdict.worse]),
    [
      ["winograd_over_direct, 1 thread, speed ratio", true],
      ["orthogonal_over_additive, 2 threads, time ratio", true],
    ],
  );
  const text = verdictText(worse);
  assert.match(
    text,
    "worse: winograd_over_direct, 1 thread, speed ratio: 2.20, 2.50 was accepted (0.88x as good, at least 0.90x is wanted)",
  );
  assert.match(text, "0 of 2 ratios are as good as accepted");
});

baseline("better and within the tolerance is not worse; NaN is", () => {
  const judge = (value: number): boolean => checkRatios([row("winograd_over_direct", value, "speed ratio")], accepted)[0].worse;
  assert.is(judge(5), false);
  assert.is(judge(2.5 * (1 - TOLERANCE) + 0.01), false);
  assert.is(judge(2.5 * (1 - TOLERANCE) - 0.01), true);
  assert.is(judge(NaN), true);
  const less = (value: number): boolean => checkRatios([row("orthogonal_over_additive", value, "time ratio", null, 2)], accepted)[0].worse;
  assert.is(less(0.5), false);
  assert.is(less(1.3), true);
});

baseline("a ratio may have a tolerance of its own, which outlives a new acceptance", () => {
  const name = "winograd_over_direct, 1 thread, speed ratio";
  const wide = { ...accepted, tolerances: { [name]: 0.5 } };
  const slow = [row("winograd_over_direct", 1.5, "speed ratio")];
  assert.is(checkRatios(slow, wide)[0].worse, false);
  const again = acceptRatios(slow, wide, "another", "node 20.21.0");
  assert.equal(again.tolerances, { [name]: 0.5 });
  assert.is(again.moreIsBetter[name], 1.5);
  assert.is(again.machine, "another");
  assert.is(again.lessIsBetter["orthogonal_over_additive, 2 threads, time ratio"], 1.05, "what was not measured stays");
});

baseline("what is fine when measured again was only disturbed; what was fine stays so", () => {
  const judge = (winograd: number, orthogonal: number) =>
    checkRatios(
      [row("winograd_over_direct", winograd, "speed ratio"), row("orthogonal_over_additive", orthogonal, "time ratio", null, 2)],
      accepted,
    );
  const worse = (verdicts: ReturnType<typeof judge>): boolean[] => verdicts.map((verdict) => verdict.worse);
  assert.equal(worse(judgeAgain(judge(1, 1.05), judge(2.5, 9))), [false, false]);
  assert.equal(worse(judgeAgain(judge(1, 9), judge(1.5, 9))), [true, true]);
  assert.is(judgeAgain(judge(1, 9), judge(1.5, 9))[0].value, 1.5, "the better of two that are worse");
  assert.equal(worse(judgeAgain(judge(1, 1), [])), [true, false]);
});

baseline("ratios that the run lacks are not judged", () => {
  assert.equal(checkRatios([row("relu", 15, "Gelem/s")], accepted), []);
});

baseline("a file is read as it was written; another form is refused", () => {
  assert.equal(readBaseline(writeBaseline(accepted), "FILE"), accepted);
  assert.throws(() => readBaseline(`{"runtime":"node"}`, "FILE"), /^FILE: machine: .*wanted what --accept writes$/);
  assert.throws(() => readBaseline(writeBaseline({ ...accepted, tolerance: -1 }), "FILE"), /^FILE: tolerance: /);
});

baseline("the committed baselines can be read and hold ratios", () => {
  const folder = new URL("../../bench/baselines/", import.meta.url);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : [];
  if (files.length === 0) console.log("skipped: no ratios are accepted yet, npm run bench -- --accept on a machine left alone takes some");
  for (const file of files) {
    const { runtime, moreIsBetter, lessIsBetter } = readBaseline(readFileSync(new URL(file, folder), "utf8"), file);
    assert.is(`node${/^node (\d+)\./.exec(runtime)?.[1]}.json`, file);
    assert.ok(Object.keys({ ...moreIsBetter, ...lessIsBetter }).length > 0, file);
  }
});

baseline.run();
