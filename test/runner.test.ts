// What must make a test file fail does, and is named.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runTests } from "./runner.ts";
import type { Totals } from "./runner.ts";

const uvu = import.meta.resolve("uvu");
const good = `test("one", () => {}); test("two", () => {}); test.run();`;
const skip = `console.log("skipped: no browser"); test.skip("browser", () => {}); test.run();`;

/** Runs files that consist of these bodies. */
async function runOn(
  bodies: Record<string, string>,
  limit = 120,
  parts: string[] = [],
  long = false,
): Promise<{ totals: Totals; text: string }> {
  const root = mkdtempSync(join(tmpdir(), "perpend-runner-"));
  try {
    for (const [name, body] of Object.entries(bodies)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      const header = /^(?:\/\/.*\n)*/.exec(body)?.[0] ?? "";
      const head = `import { suite } from "${uvu}"; const test = suite("s");`;
      writeFileSync(join(root, name), `${header}${head}\n${body}\n`);
    }
    const lines: string[] = [];
    const totals = await runTests({ root, parts, limit, jobs: 2, long, print: (line) => lines.push(line) });
    return { totals, text: lines.join("\n") };
  } finally {
    rmSync(root, { recursive: true });
  }
}

const runner = suite("runner");

runner("counts over files and folders, and only test files", async () => {
  const { totals, text } = await runOn({ "a.test.ts": good, "deep/b.test.ts": good, "c.test.ts": skip, "not-a-test.ts": "throw 1;" });
  assert.equal(totals, { passed: 4, failed: 0, skipped: 1 }, text);
  assert.match(text, /^ok .*b\.test\.ts +\d+\.\d s {2}2 passed$/m);
  assert.match(text, /^ +skipped: no browser$/m);
});

runner("fails when nothing is found or everything is skipped", async () => {
  const none = await runOn({ "a.ts": good });
  assert.is(none.totals.failed, 1);
  assert.match(none.text, "no test file below");
  const unmatched = await runOn({ "a.test.ts": good }, 120, ["no-such-file"]);
  assert.is(unmatched.totals.failed, 1);
  assert.match(unmatched.text, 'with "no-such-file"');
  const skips = await runOn({ "a.test.ts": skip });
  assert.equal(skips.totals, { passed: 0, failed: 1, skipped: 1 });
});

runner("fails on a file without tests, a failing test, a crash, a hook that throws, an end too early, and shows the output", async () => {
  const { totals, text } = await runOn({
    "forgot-run.test.ts": `test("never", () => {});`,
    "wrong.test.ts": `test("right", () => {}); test("wrong", () => { throw new Error("two is not three"); }); test.run();`,
    "crash.test.ts": `throw new Error("broken at import");`,
    "hook.test.ts": `test.before(() => { throw new Error("no"); }); test("unreached", () => {}); test.run();`,
    "early.test.ts": `test("pending", () => new Promise(() => {})); test.run();`,
    "exit.test.ts": `process.on("exit", () => { process.exitCode = 3; }); ${good}`,
  });
  assert.equal(totals, { passed: 3, failed: 6, skipped: 0 }, text);
  assert.match(text, /forgot-run\.test\.ts: holds no test/);
  assert.match(text, /^ {4}\| .*broken at import$/m);
  assert.match(text, "two is not three");
  assert.match(text, /hook\.test\.ts: a before or after hook threw/);
  assert.match(text, /early\.test\.ts: ended with exit code 1 before its tests did/);
  assert.match(text, /exit\.test\.ts: tests passed, yet it ended with exit code 3/);
});

runner("names and kills a file that runs too long, with what it started", async () => {
  const hang = `import { spawn } from "node:child_process";
    test("hangs", async () => { spawn("sleep", ["60"], { stdio: "inherit" }); await new Promise((done) => setTimeout(done, 60000)); }); test.run();`;
  const { totals, text } = await runOn({ "hang.test.ts": hang }, 2);
  assert.equal(totals, { passed: 0, failed: 1, skipped: 0 }, text);
  assert.match(text, /hang\.test\.ts: ran longer than 2 s and was killed/);
});

runner("runs long files apart, says how long each takes, shows what it prints, and gives it three times as long", async () => {
  const slow = `console.log("slope 3"); test("waits", () => new Promise((done) => setTimeout(done, 1500))); test.run();`;
  const files = { "long/a.test.ts": `// about 2 minutes\n${slow}`, "deep/long/b.test.ts": `// about 1 minute\n${good}`, "c.test.ts": good };
  assert.equal((await runOn(files)).totals, { passed: 2, failed: 0, skipped: 0 });
  const { totals, text } = await runOn(files, 1, [], true);
  assert.equal(totals, { passed: 3, failed: 0, skipped: 0 }, text);
  assert.match(text, /^2 files, about 3 minutes$/m);
  assert.match(text, /^.*long.a\.test\.ts: about 2 minutes$/m);
  assert.match(text, /^ {4}\| slope 3$/m);
  const wrong = await runOn(
    { "long/a.test.ts": `// Wrong.\n// About 1 minute of two cores.\ntest("wrong", () => { throw new Error("once"); }); test.run();` },
    60,
    [],
    true,
  );
  assert.is(wrong.totals.failed, 1);
  assert.is(wrong.text.split("once").length, 2, wrong.text);
  const silent = await runOn({ "long/a.test.ts": good }, 60, [], true).catch(({ message }: Error) => message);
  assert.match(String(silent), /a\.test\.ts does not say how long it takes, wanted "about N minutes" in the comment on top$/);
});

runner("runs what does more with PERPEND_LONG=1 both ways, and sets it with the long files alone", async () => {
  const told = `console.log("long is", process.env["PERPEND_LONG"]); ${good}`;
  const files = {
    "a.test.ts": `// Much, about 3 minutes with PERPEND_LONG=1.\n${told}`,
    "b.test.ts": told,
    "long/c.test.ts": `// About 1 minute.\n${told}`,
  };
  assert.equal((await runOn(files)).totals, { passed: 4, failed: 0, skipped: 0 });
  const { totals, text } = await runOn(files, 60, [], true);
  assert.equal(totals, { passed: 4, failed: 0, skipped: 0 }, text);
  assert.match(text, /^2 files, about 4 minutes$/m);
  assert.is(text.split("| long is 1").length, 3, text);
});

runner.run();
