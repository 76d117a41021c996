import { Command } from "commander";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { resolveSettings } from "../../ts/cli/settings/settings.ts";
import { addTrainOptions, givenOptions } from "../../ts/cli/commands/train-options.ts";
import { DEFAULTS, FIELDS, LAB_KEYS, parseField, type LabSettings } from "../../ts/lab/fields.ts";
import { fromHash, runsOf, toHash } from "../../ts/lab/settings.ts";

const test = suite("lab settings");

/** Settings that differ from the defaults in every field. */
const OTHERS: LabSettings = {
  dataset: "cifar10",
  trainSamples: 128,
  testSamples: null,
  imgSize: 48,
  model: "vit_tiny_patch4",
  width: 24,
  skip: "orthogonal",
  against: "nothing",
  epochs: 7,
  batchSize: 32,
  opt: "adamw",
  lr: 1e-4,
  sched: "cosine",
  weightDecay: 0,
  seed: 7,
};

/** Settings as the command line reads them from a command. */
function typed(command: string): ReturnType<typeof resolveSettings> {
  const words = command.split(" ");
  assert.equal(words.splice(0, 2), ["perpend", "train"]);
  const parsed = addTrainOptions(new Command()).parse(words, { from: "user" });
  return resolveSettings(givenOptions(parsed).given);
}

test("an address has what differs from the defaults, and gives it back", () => {
  assert.is(toHash(DEFAULTS), "");
  assert.equal(fromHash(""), { settings: DEFAULTS, problems: [] });
  for (const key of LAB_KEYS) assert.is.not(OTHERS[key], DEFAULTS[key], key);
  assert.equal(fromHash(`#${toHash(OTHERS)}`), { settings: OTHERS, problems: [] });
  for (const key of LAB_KEYS) {
    const one = { ...DEFAULTS, [key]: OTHERS[key] };
    assert.equal(fromHash(toHash(one)).settings, one, key);
  }
});

test("what an address says wrong is told and left as it usually is", () => {
  const { settings, problems } = fromHash("#epochs=0&model=resnet&seed=1.5&lr=fast&colour=red&__proto__=1&batchSize=32");
  assert.equal(settings, { ...DEFAULTS, batchSize: 32 });
  assert.is(problems.length, 6);
  assert.match(problems[0], 'epochs: "0", wanted a whole number from 1 to 1000');
  assert.match(problems[1], 'model: "resnet", wanted resnetv2_20');
  assert.is(problems[4], "colour: no such setting");
});

test("numbers in their range, nothing only where it stands for the usual", () => {
  assert.is(parseField("lr", " 1e-2 "), 0.01);
  assert.is(parseField("width", ""), null);
  assert.throws(() => parseField("epochs", ""), /wanted a whole number/);
  assert.throws(() => parseField("lr", "Infinity"), /wanted a number from 0 to 100/);
  let numbers = 0;
  for (const key of LAB_KEYS) {
    const field = FIELDS[key];
    if (field.kind !== "number") continue;
    numbers++;
    assert.is(parseField(key, String(field.least)), field.least);
    assert.throws(() => parseField(key, String(field.most * 2 + 1)));
  }
  assert.ok(numbers > 5);
});

test("two runs differ in their skip alone, and the command of each gives its settings", () => {
  const [one, two, ...more] = runsOf(DEFAULTS);
  assert.is(more.length, 0);
  assert.equal([one.label, two.label], ["additive", "orthogonal"]);
  const { skip, skipOver, skipEps, ...rest } = two.settings;
  assert.equal({ ...rest, skip: "additive", skipOver: null, skipEps: null }, one.settings);
  assert.equal([skip, skipOver, skipEps], ["orthogonal", "feature", 1e-6]);
  const pictures: LabSettings = { ...DEFAULTS, dataset: "image-folder", trainSamples: null, testSamples: null };
  for (const lab of [DEFAULTS, OTHERS, pictures, { ...DEFAULTS, dataset: "mnist" as const }])
    for (const { settings, command } of runsOf(lab)) assert.equal(typed(command), settings, command);
});

test("the same skip twice has two names; one run has one", () => {
  assert.equal(
    runsOf({ ...DEFAULTS, against: "additive" }).map(({ label }) => label),
    ["additive", "additive (2)"],
  );
  assert.equal(
    runsOf({ ...DEFAULTS, skip: "none", against: "nothing" }).map(({ label }) => label),
    ["none"],
  );
});

test.run();
