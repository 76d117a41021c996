// perpend recipes and perpend reproduce as their users call them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newFolder, perpend, start } from "../command.ts";

const test = suite("reproduce");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

test("recipes tells one in full", async () => {
  const { code, stdout, stderr } = await perpend("recipes", "orthogonal-update/eps");
  assert.is(code, 0, stderr);
  assert.match(stdout, /^orthogonal-update\/eps: /);
  assert.match(stdout, /\n {2}expected {2}No difference/);
  assert.match(stdout, /\n {2}desk +\d+ runs +[\d.]+ TFLOP +\d+ MiB {2}.*10,000 training images/);
});

test("an unknown paper is refused with the nearest", async () => {
  const { code, stdout, stderr } = await perpend("reproduce", "orthogonal-updates");
  assert.is(code, 2);
  assert.is(stdout, "");
  assert.match(stderr, /^perpend: "orthogonal-updates" is no paper, wanted .* \(did you mean orthogonal-update\?\)\n$/);
});

test("Ctrl-C stops a grid, the same command goes on, a table, a report and a page are left", async () => {
  const args = ["reproduce", "orthogonal-update/final-norm", "--scale", "smoke", "--output", root, "-j", "0"];
  const running = start(args);
  await running.said("TFLOP to go");
  running.child.kill("SIGINT");
  const stopped = await running.done;
  assert.is(stopped.code, 130, stopped.stderr);
  assert.match(
    stopped.stderr,
    /stopped; the same command goes on from there:\n {2}node .*reproduce orthogonal-update\/final-norm --scale smoke --output /,
  );
  const { code, stdout, stderr } = await perpend(...args);
  assert.is(code, 0, stderr);
  const dir = join(root, "orthogonal-update", "final-norm", "smoke");
  assert.match(stdout, /^orthogonal-update\/final-norm, Oh et al\. 2025, Table 12 \(arXiv 2505\.11881\); scale smoke\n +accuracy % +runs +paper +difference +paper's +direction\n/); // prettier-ignore
  assert.match(stdout, /\nraw stream, additive +\d+\.\d\d +1\/1 +–\n/);
  assert.match(stdout, /\nraw stream, orthogonal +\d+\.\d\d +1\/1 +– +[+−]\d+\.\d\d +better \* +one seed/);
  const markdown = readFileSync(join(dir, "results.md"), "utf8");
  assert.match(markdown, /^## A norm before the classifier\n/);
  assert.match(markdown, /- Command: `perpend reproduce orthogonal-update\/final-norm --scale smoke /);
  assert.is(markdown.match(/`[0-9a-f]{64}`/g)?.length, 4);
  assert.match(readFileSync(join(dir, "report.html"), "utf8"), /<svg[^>]*aria-labelledby="dots-title/);
  assert.ok(existsSync(join(dir, "cifar10-raw-stream-additive-s1", "checkpoints", "last.safetensors")));

  // The page of the paper, from what is done.
  const pages = join(root, "pages");
  mkdirSync(join(pages, "pictures"), { recursive: true });
  writeFileSync(join(pages, "pictures", "orthogonal-update-final-norm-old.svg"), "<svg/>");
  writeFileSync(join(pages, "pictures", "another.svg"), "<svg/>");
  const page = ["reproduce", "orthogonal-update", "--scale", "smoke", "--output", root, "--markdown"];
  const refused = await perpend(...page, join(pages, "orthogonal-update.txt"));
  assert.is(refused.code, 2);
  assert.match(refused.stderr, /--markdown: .*orthogonal-update\.txt, wanted a name that ends in \.md/);
  const written = await perpend(...page, join(pages, "orthogonal-update.md"));
  assert.is(written.code, 0, written.stderr);
  const text = readFileSync(join(pages, "orthogonal-update.md"), "utf8");
  assert.match(text, /^# Revisiting Residual Connections: .*\n\nOh, Cho, Kim, Choi, Yu, 2025, arXiv 2505\.11881\. Written by `perpend reproduce orthogonal-update --scale smoke --markdown orthogonal-update\.md`/); // prettier-ignore
  assert.match(text, /\n- Command: `perpend reproduce orthogonal-update\/final-norm --scale smoke --data-dir DIR`\n/);
  assert.not.ok(text.includes(root), "a path of this machine");
  assert.match(text, /\nNot run: `orthogonal-update\/eps`, /);
  const pictures = readdirSync(join(pages, "pictures"));
  assert.ok(pictures.includes("orthogonal-update-final-norm-dots.svg") && pictures.includes("another.svg"));
  assert.not.ok(pictures.includes("orthogonal-update-final-norm-old.svg"));
});

test.run();
