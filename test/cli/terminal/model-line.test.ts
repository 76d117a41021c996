// What the command line tells of a model's memory.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { memoryLines, memoryOf, modelLine } from "../../../ts/cli/terminal/model-line.ts";
import { resolveSettings } from "../../../ts/cli/settings/settings.ts";

const test = suite("cli/model-line");

test("memory without, with the usual and with a given recomputation", () => {
  const image = { height: 32, width: 32, channels: 3 } as const;
  const rows = memoryOf(resolveSettings({ model: "resnetv2_110", checkpointBlocks: 9 }), image, 10);
  assert.equal(
    rows.map(({ batchSize, checkpointBlocks }) => [batchSize, checkpointBlocks]),
    [
      [128, null],
      [128, 3],
      [128, 9],
    ],
  );
  const [without, usual, given] = rows.map(({ bytes }) => bytes);
  assert.ok(usual < given && given < without / 2, rows.map(({ bytes }) => bytes).join());
  assert.match(
    memoryLines(rows),
    /^memory {7}[\d,]+ MiB at most in a training step of 128 images\n {13}\d+ MiB with --checkpoint-blocks 3\n.* --checkpoint-blocks 9$/,
  );
  // The usual length is about the best one.
  const best = Math.min(
    ...[1, 2, 3, 4, 5, 6].map(
      (checkpointBlocks) => memoryOf(resolveSettings({ model: "resnetv2_110", checkpointBlocks }), image, 10).at(-1)!.bytes,
    ),
  );
  assert.ok(usual <= 1.1 * best, `${usual} bytes, ${best} at best`);
});

test("ResNet-1001 at batch 128 stays far below 4 GiB with the usual recomputation", () => {
  const image = { height: 32, width: 32, channels: 3 } as const;
  const [without, usual] = memoryOf(resolveSettings({ model: "resnetv2_1001" }), image, 10);
  assert.is(usual.checkpointBlocks, 6);
  assert.ok(usual.bytes < 2.25 * 2 ** 30, `${usual.bytes} bytes`);
  assert.ok(without.bytes > 20 * 2 ** 30);
});

test("a vision transformer takes the size of its images from the data", () => {
  const settings = resolveSettings({ model: "vit_tiny_patch4", skip: "orthogonal" });
  assert.is(modelLine(settings, { image: { height: 32, width: 32, channels: 3 }, classes: 10 }).includes("2,688,778 parameters"), true);
  const gray = modelLine(settings, { image: { height: 28, width: 28, channels: 1 }, classes: 10 });
  // 49 patches of 16 values.
  assert.match(gray, /^vit_tiny_patch4, orthogonal skips: 2,679,754 parameters/);
  assert.throws(
    () => modelLine(settings, { image: { height: 30, width: 30, channels: 3 }, classes: 10 }),
    /vit: images of 30x30 in patches of 4/,
  );
  const [without, usual] = memoryOf(settings, { height: 32, width: 32, channels: 3 }, 10);
  assert.is(usual.checkpointBlocks, 1);
  assert.ok(usual.bytes < 0.5 * without.bytes, `${usual.bytes} bytes, ${without.bytes} without`);
});

test.run();
