// A whole run through the command line: what it writes, and what can be done with its checkpoints.
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeCheckpoint, encodeCheckpoint, type JsonObject } from "../../../ts/train/index.ts";
import { parseLog } from "../../../ts/train/log.ts";
import { digestOf, newFolder, perpend, TINY } from "../command.ts";

const test = suite("train");
const root = newFolder();
const first = join(root, "first");
const last = join(first, "checkpoints", "last.safetensors");
const train = (...args: readonly string[]) => perpend("train", ...TINY, "--output", root, ...args);
test.after(() => rmSync(root, { recursive: true, force: true }));

test("a run leaves recipe, log, checkpoints and report, and prints the digest last", async () => {
  const result = await train("--experiment", "first", "--workers", "1", "--skip", "orthogonal", "--tensorboard", "--checkpoint-hist", "2");
  assert.is(result.code, 0, result.stderr);
  const digest = digestOf(result);
  assert.is(result.stdout, `report ${join(first, "report.html")}\ndigest ${digest}\n`);
  assert.equal(readdirSync(first).sort(), ["checkpoints", "digests.jsonl", "log.jsonl", "recipe.json", "report.html", "tensorboard"]);
  assert.equal(readdirSync(join(first, "checkpoints")).sort(), ["best.safetensors", "checkpoint-20.safetensors", "checkpoint-30.safetensors", "last.safetensors"]); // prettier-ignore
  const recipe = JSON.parse(readFileSync(join(first, "recipe.json"), "utf8")) as { readonly settings: object; readonly command: string };
  assert.match(recipe.command, /^perpend train --model resnetv2_8 /);
  assert.is((recipe.settings as { readonly skipEps: number }).skipEps, 1e-6);
  const { events } = parseLog(readFileSync(join(first, "log.jsonl"), "utf8"), "log");
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  assert.equal(["run-start", "step", "evaluate", "checkpoint", "samples", "run-end"].map(count), [1, 30, 3, 3, 1, 1]);
  assert.ok(count("diagnostics") >= 2);
  const end = events.at(-1);
  assert.ok(end?.type === "run-end" && end.digest === digest && end.reason === "finished");
  assert.ok(readFileSync(join(first, "report.html"), "utf8").includes(digest));
  assert.ok(statSync(join(first, "tensorboard", readdirSync(join(first, "tensorboard"))[0])).size > 1000);
  assert.match(result.stderr, /resnetv2_8, orthogonal skips: [\d,]+ parameters, [\d.]+ MFLOP/);
});

test("--json prints every event and nothing else, the digest in the last", async () => {
  const { code, stdout, stderr } = await train("--json", "--workers", "0", "--max-steps", "4", "--no-report", "--log-interval", "2");
  assert.is(code, 0, stderr);
  const { events } = parseLog(stdout, "stdout");
  assert.equal(
    events.flatMap((event) => (event.type === "step" ? [event.step] : [])),
    [2, 4],
  );
  const end = events.at(-1);
  assert.ok(end?.type === "run-end" && /^[0-9a-f]{64}$/.test(end.digest) && end.reason === "max-steps");
  // The run chose its own name.
  assert.ok(existsSync(join(root, "resnetv2_8-w4-additive-shapes-s42", "log.jsonl")));
});

test("a flipped byte is found; a folder then stands for the checkpoint before", async () => {
  const broken = join(root, "broken.safetensors");
  copyFileSync(last, broken);
  const bytes = readFileSync(broken);
  bytes[bytes.length - 1000] ^= 1;
  writeFileSync(broken, bytes);
  const alone = await perpend("evaluate", "--checkpoint", broken);
  assert.is(alone.code, 1);
  assert.match(
    alone.stderr,
    /^perpend: .*broken\.safetensors: tensor \S+ of SHA-256 [0-9a-f]{64} at byte \d+, wanted the stated [0-9a-f]{64}: the file is damaged; no other checkpoint beside it is whole$/m,
  );
  // In place of the newest: links would be spoiled with it.
  const newest = join(first, "checkpoints", "checkpoint-30.safetensors");
  const whole = readFileSync(newest);
  rmSync(newest);
  writeFileSync(newest, bytes);
  const named = await perpend("train", "--resume", newest, "--max-steps", "20");
  assert.is(named.code, 1);
  assert.match(
    named.stderr,
    /^perpend: .*checkpoint-30\.safetensors: tensor .* damaged; the newest whole one beside it is \S*checkpoint-20\.safetensors \(step 20\): name that to use it$/m,
  );
  const resumed = await perpend(
    "train",
    "--resume",
    first,
    "--max-steps",
    "20",
    "--no-report",
    "--output",
    root,
    "--experiment",
    "elsewhere",
  );
  assert.is(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stderr, /^warning: passed over .*checkpoint-30\.safetensors: tensor /m);
  assert.match(resumed.stderr, /^the newest checkpoint that is whole is taken instead; what came after it is trained again$/m);
  assert.match(resumed.stderr, /^going on from .*checkpoint-20\.safetensors$/m);
  writeFileSync(newest, whole);
});

test("a checkpoint whose tensors are those of another model is refused, as is one of something else", async () => {
  const { tensors, state } = decodeCheckpoint(readFileSync(last), last);
  const other = join(root, "other.safetensors");
  writeFileSync(
    other,
    encodeCheckpoint({ tensors, state: { ...state, settings: { ...(state["settings"] as JsonObject), model: "resnetv2_14" } } }),
  );
  const [evaluated, resumed] = await Promise.all([
    perpend("evaluate", "--checkpoint", other),
    perpend("train", "--resume", other, "--workers", "0", "--output", join(root, "nothing")),
  ]);
  assert.is(evaluated.code, 1);
  assert.match(
    evaluated.stderr,
    /^perpend: .*other\.safetensors: no tensor for \d+ of \d+ keys \(stages\.0.*\), wanted those of resnetv2_14$/m,
  );
  assert.is(resumed.code, 1);
  assert.match(resumed.stderr, /^perpend: .*other\.safetensors: no tensor for \d+ of \d+ keys .*, wanted those of resnetv2_14$/m);
  assert.not.ok(existsSync(join(root, "nothing")));
  const bare = join(root, "bare.safetensors");
  writeFileSync(bare, encodeCheckpoint({ tensors, state: { step: 1 } }));
  const { code, stderr } = await perpend("predict", "--checkpoint", bare, "x.png");
  assert.is(code, 1);
  assert.match(stderr, /^perpend: .*bare\.safetensors: a checkpoint without settings, wanted one that `perpend train` saved$/m);
});

test("evaluate repeats the run's last accuracy; predict names classes", async () => {
  const { events } = parseLog(readFileSync(join(first, "log.jsonl"), "utf8"), "log");
  const logged = events.filter((event) => event.type === "evaluate").at(-1);
  const [json, text] = await Promise.all([
    perpend("evaluate", "--checkpoint", last, "--workers", "2", "--json"),
    perpend("evaluate", "--checkpoint", first, "--workers", "0"),
  ]);
  const { top1, loss, images } = JSON.parse(json.stdout) as { top1: number; loss: number; images: number };
  assert.equal([top1, loss, images], [logged?.top1, logged?.loss, 64]);
  assert.match(
    text.stdout,
    /best\.safetensors: resnetv2_8 on 64 test images of shapes\ntop-1 [\d.]+ % {2}top-5 [\d.]+ % {2}loss [\d.]+\n$/,
  );

  await perpend("data", "shapes", "--to", root);
  const sheet = join(root, "shapes.png");
  const predicted = await perpend("predict", "--checkpoint", last, sheet, sheet, "--top-k", "3");
  assert.is(predicted.code, 0, predicted.stderr);
  assert.match(predicted.stdout, new RegExp(`^(${sheet}\n( {2}[a-z]+ +[\\d.]+ %\n){3}){2}$`));
  const none = await perpend("predict", "--checkpoint", last, last);
  assert.is(none.code, 1);
  assert.match(none.stderr, /^perpend: .*last\.safetensors: neither PNG nor JPEG at byte 0, wanted a picture/);
});

test("report puts runs side by side", async () => {
  const to = join(root, "both.html");
  const { code, stdout } = await perpend("report", first, first, "-o", to, "--title", "Two runs");
  assert.is(code, 0);
  assert.is(stdout, `${to}\n`);
  assert.match(readFileSync(to, "utf8"), /<h1>Two runs<\/h1>/);
});

test("a step that is not finite ends the run with an error; the state before it is saved", async () => {
  const result = await train("--experiment", "diverged", "--lr", "1e30", "--sched", "constant", "--workers", "0", "--no-report");
  assert.is(result.code, 1);
  assert.match(result.stderr, /^perpend: train: .* in step \d+, .*wanted finite numbers/m);
  const { events } = parseLog(readFileSync(join(root, "diverged", "log.jsonl"), "utf8"), "log");
  const end = events.at(-1);
  assert.ok(end?.type === "run-end" && end.reason === "diverged");
  assert.ok(existsSync(join(root, "diverged", "checkpoints", "last.safetensors")));
});

test.run();
