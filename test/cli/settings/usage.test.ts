import { suite } from "uvu";
import * as assert from "uvu/assert";
import { quoted, selfCommand } from "../../../ts/cli/terminal/self-command.ts";
import { listed, nearest, number, numbers, oneOf, UsageError } from "../../../ts/cli/settings/usage.ts";
import { saying } from "../../saying.ts";

const test = suite("usage");

/** The message of the usage error that this ends in. */
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("names the word that was meant", () => {
  const words = ["constant", "step", "multistep", "cosine", "poly", "onecycle"];
  const meant: [typed: string, found: string | undefined][] = [
    ["cosin", "cosine"],
    ["csoine", "cosine"],
    ["one-cycle", "onecycle"],
    ["OneCycle", "onecycle"],
    ["mult", "multistep"],
    ["stpe", "step"],
    ["banana", undefined],
    ["x", undefined],
    ["", undefined],
  ];
  for (const [typed, found] of meant) assert.is(nearest(typed, words), found, typed);
  assert.is(nearest("anything", []), undefined);
  assert.is(nearest("resnet_20", ["resnetv2_20", "resnetv2_32"]), "resnetv2_20");
});

test("lists words as a sentence does", () => {
  assert.is(listed([]), "");
  assert.is(listed(["a"]), "a");
  assert.is(listed(["a", "b"]), "a or b");
  assert.is(listed(["a", "b", "c"]), "a, b or c");
});

test("one of several words", () => {
  const parse = oneOf("--opt", ["sgd", "adam", "adamw"]);
  assert.is(parse("adam"), "adam");
  assert.is(
    refusal(() => parse("sdg")),
    '--opt: "sdg", wanted sgd, adam or adamw (did you mean sgd?)',
  );
  assert.is(
    refusal(() => parse("rocket")),
    '--opt: "rocket", wanted sgd, adam or adamw',
  );
  assert.throws(() => parse("toString"), saying("wanted sgd"));
});

test("numbers in their range", () => {
  const whole = number("--epochs", { whole: true, least: 1 });
  assert.is(whole("12"), 12);
  for (const bad of ["0", "-3", "1.5", "", "ten", "1e999", "NaN", "Infinity", "0x10", "1 2", "9007199254740993"])
    assert.is(
      refusal(() => whole(bad)),
      `--epochs: "${bad}", wanted a whole number at least 1`,
    );
  const share = number("--smoothing", { least: 0, below: 1 });
  for (const [text, value] of [["0", 0], [".5", 0.5], ["5e-1", 0.5], ["+0.25", 0.25]] as const) assert.is(share(text), value); // prettier-ignore
  assert.is(
    refusal(() => share("1")),
    '--smoothing: "1", wanted a number at least 0 and below 1',
  );
  assert.is(
    refusal(() => number("--clip-grad", { above: 0 })("0")),
    '--clip-grad: "0", wanted a number above 0',
  );
});

test("several numbers, with commas or as words", () => {
  const parse = numbers("--decay-milestones", { above: 0 });
  assert.equal(parse("30", parse("10,20", undefined)), [10, 20, 30]);
  assert.match(
    refusal(() => parse("10,x", undefined)),
    /^--decay-milestones: "x"/,
  );
});

test("says how to call the command again", () => {
  assert.is(selfCommand("/usr/bin/perpend", []), "perpend");
  assert.is(selfCommand("/x/node_modules/.bin/perpend", []), "npx perpend");
  assert.is(selfCommand(`${process.cwd()}/build/ts/cli/perpend.js`, []), "node build/ts/cli/perpend.js");
  assert.is(selfCommand(`${process.cwd()}/ts/cli/perpend.ts`, ["--import", "tsx"]), "node --import tsx ts/cli/perpend.ts");
  assert.is(quoted("runs/a b's"), `'runs/a b'\\''s'`);
  assert.is(quoted("runs/a-1.5_x"), "runs/a-1.5_x");
});

test.run();
