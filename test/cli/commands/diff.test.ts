// perpend diff: the step, layer, shard and element where two runs part, for faults that come again and for faults that do not.
import { rmSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newFolder, type Result } from "../command.ts";
import { command, digestsOf, faulty, inLanes, PLANT, record, SOUND } from "../recorded.ts";

const test = suite("diff");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

const { step, shard, key, element, value } = PLANT;

const [sound, again, fault, once, decay, seed] = await inLanes([
  () => record(root, "sound", ["--workers", "0"], SOUND),
  () => record(root, "again", ["--workers", "2", "--digest", "layer", "--max-steps", "15"], SOUND),
  // In this run the fault comes again when it is run again, since the setting says so.
  () => record(root, "fault", ["--workers", "2", "--checkpoint-blocks", "1"], faulty("checkpointBlocks")),
  // In this one it does not: the environment is gone.
  () => record(root, "once", ["--workers", "3", "--digest", "shard", "--max-steps", String(step)], faulty()),
  () => record(root, "decay", ["--workers", "1", "--weight-decay", "0.25", "--max-steps", "2"], SOUND),
  () => record(root, "seed", ["--workers", "0", "--seed", "43", "--max-steps", "2"], SOUND),
]);

const lines = ({ stdout }: Result): string[] => stdout.trimEnd().split("\n");

/** Compares lines with texts and patterns. */
function check(result: Result, wanted: readonly (string | RegExp)[]): void {
  assert.is(result.code, 1, result.stderr);
  const found = lines(result);
  assert.is(found.length, wanted.length, result.stdout);
  wanted.forEach((line, index) => (typeof line === "string" ? assert.is(found[index], line) : assert.match(found[index], line)));
}

test("runs that are the same, as far as both go", async () => {
  const { code, stdout, stderr } = await command(["diff", again, sound]);
  assert.is(code, 0, stderr);
  assert.is(stdout, `identical: 15 steps, up to step 15, chain ${digestsOf(sound).steps.get(15)?.chain}; ${sound} goes on to step 20\n`);
});

test("a fault that comes again: layer, shard, element and both values, though only digests a step were recorded", async () => {
  const width = Math.max(sound.length, fault.length);
  const wanted = [
    `different: step ${step}; ${step - 1} before it are the same`,
    "  settings: --checkpoint-blocks none and 1",
    `  gradient of ${key}, shard ${shard}, contribution 2`,
    `  first differing element: ${element} of 576, [0,0,0,${element}] of [3,3,8,8]`,
    `    ${sound.padEnd(width)}  0.00000000  0x00000000`,
    `    ${fault.padEnd(width)}  ${value}  0x39800000`,
  ];
  const results = await inLanes(["0", "3"].map((workers) => () => command(["diff", sound, fault, "--workers", workers], faulty("checkpointBlocks")))); // prettier-ignore
  for (const result of results) check(result, wanted);
});

test("a fault that does not come again: what was recorded, and the values that the run saved", async () => {
  const [located, recorded, silent] = await inLanes([
    () => command(["diff", sound, once, "--workers", "0"], SOUND),
    () => command(["diff", sound, once, "--no-rerun"]),
    () => command(["diff", sound, fault, "--workers", "2"], SOUND),
  ]);
  const place = `gradient of ${key}, shard ${shard}, contribution 2`;
  const departs = (run: string): string =>
    `  ${run}: run again here, step ${step} comes to other bits than were recorded: a fault in that run, or other kernels`;
  check(located, [
    `different: step ${step}; ${step - 1} before it are the same`,
    `  ${sound}: run again here, it comes to what was recorded`,
    departs(once),
    new RegExp(`^  recorded and now: ${place.replaceAll(".", "\\.")}, [0-9a-f]{16} and [0-9a-f]{16}$`),
    new RegExp(`^  ${once}.checkpoints.checkpoint-${step}\\.safetensors and now: ${key.replaceAll(".", "\\.")}$`),
    // The file has PyTorch's layout.
    "  first differing element: 360 of 576, [5,0,0,0] of [8,8,3,3]",
    /^ {4}saved {2}-?[\d.]+(e-\d+)? {2}0x[0-9a-f]{8}$/,
    /^ {4}now {4}-?[\d.]+(e-\d+)? {2}0x[0-9a-f]{8}$/,
    "  run again here, both come to the same bits",
  ]);
  check(recorded, [
    `different: step ${step}; ${step - 1} before it are the same`,
    "  state after the step",
    "  where in the step is not recorded: --digest layer or shard records it",
  ]);
  check(silent, [
    `different: step ${step}; ${step - 1} before it are the same`,
    "  settings: --checkpoint-blocks none and 1",
    `  ${sound}: run again here, it comes to what was recorded`,
    departs(fault),
    "  where in the step is not recorded: --digest layer or shard records it",
    "  the values that this run had are not recorded",
    "  run again here, both come to the same bits",
  ]);
});

test("other settings: what they change first", async () => {
  const [decayed, seeded] = await inLanes([
    () => command(["diff", sound, decay, "--workers", "0"], SOUND),
    () => command(["diff", sound, seed], SOUND),
  ]);
  check(decayed, [
    "different: step 1",
    "  settings: --weight-decay 0.0005 and 0.25",
    "  new value of optimizer.momentum_buffer.stem.conv.weight, from the same gradient",
    "  first differing element: 0 of 108, [0,0,0,0] of [4,3,3,3]",
    /sound +-?[\d.]+(e-\d+)? {2}0x[0-9a-f]{8}$/,
    /decay +-?[\d.]+(e-\d+)? {2}0x[0-9a-f]{8}$/,
  ]);
  check(seeded, [
    "different: before the first step, initial values",
    "  settings: --seed 42 and 43",
    "  initial value of stem.conv.weight",
    "  first differing element: 0 of 108, [0,0,0,0] of [4,3,3,3]",
    /sound +-?[\d.]+(e-\d+)? {2}0x[0-9a-f]{8}$/,
    /seed +-?[\d.]+(e-\d+)? {2}0x[0-9a-f]{8}$/,
  ]);
});

test.run();
