import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newFolder, perpend } from "../command.ts";

const test = suite("quickstart");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

test("trains both nets from one seed, compares them and prints report and digests last", async () => {
  const { code, stdout, stderr } = await perpend("quickstart", "--epochs", "1", "--train-samples", "128", "--output", root, "--seed", "7");
  assert.is(code, 0, stderr);
  const report = join(root, "quickstart", "report.html");
  const lines = stdout.trim().split("\n");
  assert.match(lines[0], /top-1 +top-5 +loss +images\/s +time$/);
  assert.match(lines[1], /^additive +[\d.]+ % +[\d.]+ % +[\d.]+ +\d+ +[\d.]+ s$/);
  assert.match(lines[2], /^orthogonal +[\d.]+ %/);
  assert.is(lines[4], `report ${report}`);
  const digests = lines.slice(5).map((line) => /^digest ([0-9a-f]{64}) (additive|orthogonal)$/.exec(line));
  assert.equal(
    digests.map((match) => match?.[2]),
    ["additive", "orthogonal"],
  );
  assert.is.not(digests[0]?.[1], digests[1]?.[1]);
  const html = readFileSync(report, "utf8");
  for (const match of digests) assert.ok(html.includes(match?.[1] ?? "?"));

  // The command that the report gives for a run repeats it.
  const recipe = JSON.parse(readFileSync(join(root, "quickstart", "orthogonal", "recipe.json"), "utf8")) as { readonly command: string };
  const [name, ...args] = recipe.command.split(" ");
  assert.is(name, "perpend");
  const repeated = await perpend(...args, "--output", root, "--no-report", "--workers", "0");
  assert.is(repeated.stdout, `digest ${digests[1]?.[1]}\n`, repeated.stderr);
  assert.ok(existsSync(join(root, "quickstart", "additive", "checkpoints", "last.safetensors")));
});

test.run();
