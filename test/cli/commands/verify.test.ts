// perpend verify: a recorded run again, to the bit, and every way in which that can fail.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CONTRACT } from "../../../ts/contract.ts";
import { openRecorded } from "../../../ts/cli/run/recorded-run.ts";
import { newFolder } from "../command.ts";
import { command, digestsOf, faulty, inLanes, PLANT, record, SOUND } from "../recorded.ts";

const test = suite("verify");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

const [whole, part, planted, vague] = await inLanes([
  () => record(root, "whole", ["--workers", "0", "--model-ema", "--clip-grad", "1"]),
  () => record(root, "part", ["--workers", "2", "--digest", "shard", "--max-steps", "7", "--model-ema", "--clip-grad", "1"]),
  () => record(root, "planted", ["--workers", "3", "--digest", "shard"], faulty()),
  () => record(root, "vague", ["--workers", "0"], faulty()),
]);

/** A copy of a run's two small files. */
function copied(from: string, name: string, change: (lines: string[]) => void = () => {}): string {
  const dir = join(root, name);
  mkdirSync(dir);
  copyFileSync(join(from, "recipe.json"), join(dir, "recipe.json"));
  const lines = readFileSync(join(from, "digests.jsonl"), "utf8").split("\n");
  change(lines);
  writeFileSync(join(dir, "digests.jsonl"), lines.join("\n"));
  return dir;
}

test("digests of a run that was stopped, and taken up with other workers and level, are those of the uninterrupted one", async () => {
  const { code, stderr } = await command(["train", "--resume", part, "--workers", "1", "--digest", "layer", "--no-report"]);
  assert.is(code, 0, stderr);
  const [a, b] = [digestsOf(whole), digestsOf(part)];
  assert.is(a.steps.size, 20);
  assert.equal([...b.steps.keys()], [...a.steps.keys()]);
  for (const [step, { chain, state }] of a.steps) assert.equal([b.steps.get(step)?.chain, b.steps.get(step)?.state], [chain, state]);
  assert.equal(b.begins.map(({ begin }) => begin), [0, 7]); // prettier-ignore
  assert.ok(b.steps.get(7)?.forward && !b.steps.get(8)?.forward && b.steps.get(8)?.gradients);
  // Back to step 4 of 20: what came after it is dropped, and comes again.
  const back = await command(["train", "--resume", join(part, "checkpoints", "checkpoint-7.safetensors"), "--max-steps", "9", "--workers", "0", "--no-report"]); // prettier-ignore
  assert.is(back.code, 0, back.stderr);
  assert.equal([...digestsOf(part).steps.keys()], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.is(digestsOf(part).steps.get(9)?.chain, a.steps.get(9)?.chain);
});

test("a run is identical with any workers, whole, in a window, and from its two small files alone", async () => {
  const chain = (step: number): string => digestsOf(whole).steps.get(step)?.chain ?? "none";
  const bare = copied(whole, "bare");
  const results = await inLanes([
    () => command(["verify", whole, "--workers", "3"]),
    () => command(["verify", whole, "--from", "12", "--steps", "5", "--workers", "0"]),
    () => command(["verify", bare, "--from", "2", "--steps", "3", "--workers", "2"]),
    () => command(["verify", part, "--workers", "0"]),
  ]);
  const wanted = [
    `identical: steps 1 to 20 of ${whole}, chain ${chain(20)}\n`,
    `identical: steps 13 to 17 of ${whole}, chain ${chain(17)}\n`,
    `identical: steps 3 to 5 of ${bare}, chain ${chain(5)}\n`,
    `identical: steps 1 to 9 of ${part}, chain ${chain(9)}\n`,
  ];
  results.forEach(({ code, stdout, stderr }, index) => {
    assert.is(code, 0, stderr);
    assert.is(stdout, wanted[index]);
  });
  assert.match(results[0].stderr, /^running steps 1 to 20 of .*whole again with 3 workers, from the beginning$/m);
  assert.match(results[1].stderr, /again with 0 workers, from \S*whole.checkpoints.checkpoint-10\.safetensors$/m);
  assert.match(results[2].stderr, /from the beginning$/m);
});

test("a fault in a recorded run is found: the step, with layer and shard where they were recorded", async () => {
  const { step, shard, key } = PLANT;
  const [located, unlocated, before, same] = await inLanes([
    () => command(["verify", planted, "--workers", "0"], SOUND),
    () => command(["verify", vague, "--from", "11", "--workers", "2"], SOUND),
    () => command(["verify", planted, "--steps", "12", "--workers", "0"], SOUND),
    () => command(["verify", planted, "--from", "10", "--workers", "1"], faulty()),
  ]);
  assert.is(located.code, 1);
  assert.match(located.stdout, new RegExp(`^different: step ${step}, gradient of ${key.replaceAll(".", "\\.")}, shard ${shard}, contribution 2\n  recorded  [0-9a-f]{16}\n  now       [0-9a-f]{16}\n$`)); // prettier-ignore
  assert.is(unlocated.code, 1);
  assert.match(unlocated.stdout, new RegExp(`^different: step ${step}, state after the step\n  recorded  [0-9a-f]{64}\n  now       [0-9a-f]{64}\n$`)); // prettier-ignore
  assert.equal([before.code, same.code], [0, 0], before.stderr + same.stderr);
});

test("what was not recorded, was changed, or is of another contract is refused", async () => {
  const line = (lines: string[], change: (text: string) => string): void => {
    lines[6] = change(lines[6]);
  };
  const other = (text: string): string => text.replace(/"state":"(.)/, (_all, first: string) => `"state":"${first === "0" ? "1" : "0"}`);
  const quiet = await record(root, "quiet", ["--workers", "0", "--digest", "off", "--max-steps", "2"]);
  assert.not.ok(existsSync(join(quiet, "digests.jsonl")));
  const refused: [run: string, message: RegExp][] = [
    [join(root, "nowhere"), /nowhere: no folder is there, wanted that of a run$/],
    [quiet, /quiet: no digests\.jsonl is there, wanted a run that recorded its digests \(train --digest step, the default\)$/],
    [copied(whole, "gap", (lines) => lines.splice(6, 1)), /digests\.jsonl: step 7 with a chain that is not that of the steps before/],
    [copied(whole, "broken", (lines) => line(lines, (text) => text.slice(0, 90))), /digests\.jsonl: .* in line 7/],
  ]; // prettier-ignore
  for (const [run, message] of refused)
    assert.match(await openRecorded(run).then(() => "taken", (error: Error) => error.message), message); // prettier-ignore
  const cases: [run: string, exit: number, message: RegExp, ...more: string[]][] = [
    [copied(whole, "changed", (lines) => line(lines, other)), 1, /digests\.jsonl: step 6 with a chain that is not that of the steps before, wanted digests as they were recorded$/],
    [copied(whole, "older", (lines) => (lines[0] = lines[0].replace(`"contract":"${CONTRACT}"`, '"contract":"1"'))), 2, /older: step 1 was computed under numerics contract 1, this perpend computes contract \d+ \(changed since: .*\); wanted perpend \S+, or a new record$/],
    [whole, 2, /--from: 20 of a run recorded up to step 20, wanted less$/, "--from", "20"],
  ]; // prettier-ignore
  await inLanes(
    cases.map(([run, exit, message, ...more]) => async () => {
      const { code, stdout, stderr } = await command(["verify", run, ...more]);
      assert.is(code, exit, stderr);
      assert.is(stdout, "");
      assert.match(stderr.trimEnd().split("\n").at(-1) ?? "", message);
    }),
  );
  // A file cut short by a killed process is good up to there.
  const cut = await command(["verify", copied(whole, "cut", (lines) => lines.splice(5, 99, lines[5].slice(0, 50))), "--workers", "0"]);
  assert.is(cut.code, 0, cut.stderr);
  assert.match(cut.stdout, /^identical: steps 1 to 4 of /);
});

test.run();
