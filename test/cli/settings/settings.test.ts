import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scheduleOf } from "../../../ts/cli/settings/schedules.ts";
import { continueWith, flagOf, parseSettings, recipeOf, resolveSettings, type GivenSettings } from "../../../ts/cli/settings/settings.ts";
import { UsageError } from "../../../ts/cli/settings/usage.ts";
import { saying } from "../../saying.ts";

const test = suite("settings");

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("nothing given is a whole run", () => {
  const settings = resolveSettings({});
  const { model, dataset, opt, lr, sched, epochs, batchSize, shards, warmupEpochs, skip, seed } = settings;
  assert.equal(
    { model, dataset, opt, lr, sched, epochs, batchSize, shards, warmupEpochs, skip, seed },
    {
      model: "resnetv2_20",
      dataset: "shapes",
      opt: "sgd",
      lr: 0.1,
      sched: "cosine",
      epochs: 10,
      batchSize: 128,
      shards: 24,
      warmupEpochs: 1,
      skip: "additive",
      seed: 42,
    },
  );
  // What does not apply is null there and absent in the recipe.
  assert.is(settings.optBetas, null);
  assert.not.ok("optBetas" in recipeOf(settings));
  assert.is(recipeOf(settings)["momentum"], 0.9);
});

test("defaults follow from other settings", () => {
  assert.is(resolveSettings({ batchSize: 32 }).shards, 8);
  assert.is(resolveSettings({ batchSize: 3 }).shards, 1);
  assert.is(resolveSettings({ batchSize: 64, bnGroup: 16 }).shards, 4);
  assert.is(resolveSettings({ opt: "adamw" }).lr, 1e-3);
  assert.equal(resolveSettings({ opt: "adam" }).optBetas, [0.9, 0.999]);
  assert.is(resolveSettings({ sched: "onecycle", epochs: 10 }).warmupEpochs, 3);
  assert.is(resolveSettings({ epochs: 300 }).warmupEpochs, 5);
  assert.is(resolveSettings({ sched: "multistep" }).warmupEpochs, 0);
  assert.equal(resolveSettings({ sched: "multistep", epochs: 200 }).decayMilestones, [100, 150]);
  assert.is(resolveSettings({ dataset: "mnist" }).hflip, 0);
  const bare = resolveSettings({ aug: false });
  assert.equal([bare.cropPadding, bare.cropMode, bare.hflip, bare.reprob], [0, null, 0, 0]);
});

test("flags that contradict each other are refused", () => {
  const cases: [given: GivenSettings, message: RegExp][] = [
    [{ opt: "adam", nesterov: true }, /^--nesterov: it changes nothing here, wanted with --opt sgd$/],
    [{ optBetas: [0.9, 0.99] }, /^--opt-betas: .*--opt adam or adamw$/],
    [{ opt: "adam", optBetas: [0.9] }, /^--opt-betas: 1 numbers, wanted 2$/],
    [{ skipEps: 1e-3 }, /^--skip-eps: .*--skip orthogonal$/],
    [{ decayMilestones: [3] }, /^--decay-milestones: .*--sched multistep$/],
    [{ sched: "step", minLr: 0.1 }, /^--min-lr: .*--sched cosine or poly$/],
    [{ modelEmaDecay: 0.9 }, /^--model-ema-decay: .*--model-ema$/],
    [{ aug: false, hflip: 0.5 }, /^--no-aug: with --hflip/],
    [{ aug: false, cropMode: "reflect" }, /^--crop-mode: .*--crop-padding above 0$/],
    [{ batchSize: 16, shards: 17 }, /^--shards: 17 for 16 images of a batch, wanted at most 16$/],
    [{ batchSize: 16, bnGroup: 8, shards: 3 }, /^--shards: 3 for 2 groups of 8 in a batch of 16, wanted at most 2$/],
    [{ batchSize: 16, bnGroup: 17 }, /^--bn-group: 17 of a batch of 16, wanted at most 16$/],
    [{ epochs: 2, warmupEpochs: 3 }, /^--warmup-epochs: 3 of 2 epochs, wanted at most 2$/],
    [{ epochs: 2, sched: "onecycle", warmupEpochs: 2 }, /^--warmup-epochs: 2 of 2 in a cycle/],
    [{ nesterov: true, momentum: 0 }, /^--nesterov: with --momentum 0/],
  ];
  for (const [given, message] of cases)
    assert.match(
      refusal(() => resolveSettings(given)),
      message,
    );
});

test("settings come back from JSON, and others are refused by name", () => {
  const settings = resolveSettings({ opt: "adam", skip: "orthogonal", sched: "multistep", clipGrad: 1, bnGroup: 32 });
  assert.equal(parseSettings(JSON.parse(JSON.stringify(settings)), "f"), settings);
  assert.throws(
    () => parseSettings({ ...settings, lr: "0.1" }, "f.safetensors"),
    (error: Error) => error.message.startsWith("f.safetensors: settings.lr"),
  );
  assert.throws(() => parseSettings(null, "f"), saying("f: settings"));
});

test("a resumed run keeps its settings, and says which flag would change its bits", () => {
  const stored = resolveSettings({ lr: 0.2, sched: "cosine" });
  assert.equal(continueWith(stored, {}), stored);
  assert.equal(continueWith(stored, { lr: 0.2, epochs: 10, model: "resnetv2_20" }), stored);
  assert.match(
    refusal(() => continueWith(stored, { lr: 0.1 })),
    /^--lr: 0\.1, the checkpoint was trained with 0\.2; /,
  );
  assert.match(
    refusal(() => continueWith(stored, { model: "resnetv2_32" })),
    /^--model: resnetv2_32, the checkpoint was trained with resnetv2_20/,
  );
  assert.match(
    refusal(() => continueWith(stored, { clipGrad: 1 })),
    /^--clip-grad: 1, the checkpoint was trained with none/,
  );
  assert.match(
    refusal(() => continueWith(stored, { aug: false })),
    /^--no-aug: 0, the checkpoint was trained with 4/,
  );
  // Where the rate does not depend on the end, a run may be made longer.
  assert.match(
    refusal(() => continueWith(stored, { epochs: 20 })),
    /^--epochs: 20, the checkpoint was trained with 10/,
  );
  assert.is(continueWith(resolveSettings({ sched: "constant" }), { epochs: 20 }).epochs, 20);
});

test("what only saves memory may change when a run is resumed, and checkpoints of before have none of it", () => {
  const stored = resolveSettings({ checkpointBlocks: 3 });
  assert.is(continueWith(stored, {}).checkpointBlocks, 3);
  assert.is(continueWith(stored, { checkpointBlocks: 5 }).checkpointBlocks, 5);
  const { checkpointBlocks, ...before } = resolveSettings({});
  assert.is(checkpointBlocks, null);
  assert.is(parseSettings(JSON.parse(JSON.stringify(before)), "f").checkpointBlocks, null);
});

test("flags are written as they are typed", () => {
  assert.is(flagOf("batchSize"), "--batch-size");
  assert.is(flagOf("lr"), "--lr");
  assert.is(flagOf("aug"), "--no-aug");
});

test("epochs become updates in the schedule", () => {
  const rates = (given: GivenSettings, ...steps: readonly number[]): number[] => {
    const schedule = scheduleOf(resolveSettings({ lr: 1, epochs: 10, ...given }), 100);
    return steps.map((step) => Math.floor(1e6 * schedule(step) + 0.5) / 1e6);
  };
  assert.equal(rates({ sched: "constant" }, 0, 999), [1, 1]);
  assert.equal(rates({ sched: "constant", warmupEpochs: 2, warmupLr: 0.5 }, 0, 100, 200), [0.5, 0.75, 1]);
  assert.equal(rates({ sched: "cosine", minLr: 0.1 }, 0, 50, 100, 550, 1000), [0, 0.5, 1, 0.55, 0.1]);
  assert.equal(rates({ sched: "poly", warmupEpochs: 0 }, 0, 500, 1000), [1, 0.5, 0]);
  assert.equal(rates({ sched: "step", decayEpochs: 4, decayRate: 0.5 }, 399, 400, 800), [1, 0.5, 0.25]);
  assert.equal(rates({ sched: "multistep", decayMilestones: [5, 7.5] }, 499, 500, 750), [1, 0.1, 0.01]);
  const cycle = rates({ sched: "onecycle" }, 0, 299, 999);
  assert.equal(cycle.slice(0, 2), [0.04, 1]);
  assert.ok(cycle[2] < 1e-5);
});

test.run();
