// The test command itself: what must make it fail does, and its last line always counts.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freshBuild } from "./fresh-build.ts";

const runner = fileURLToPath(new URL("run.ts", import.meta.url));
const uvu = import.meta.resolve("uvu");

const good = `test("one", () => {}); test("two", () => {}); test.run();`;

async function withFolder<T>(files: Record<string, string>, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "perpend-run-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs the runner on test files that consist of these bodies. */
function runOn(bodies: Record<string, string>, ...options: string[]): Promise<{ code: number | null; lines: string[]; text: string }> {
  const files = Object.entries(bodies).map(([name, body]) => [name, `import { suite } from "${uvu}"; const test = suite("s");\n${body}\n`]);
  return withFolder(Object.fromEntries(files), (folder) => {
    const child = spawn(process.execPath, ["--import", "tsx", runner, "--root", folder, "--no-build", ...options], {
      cwd: join(dirname(runner), ".."),
      env: { ...process.env, FORCE_COLOR: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    return new Promise((done) => child.on("close", (code) => done({ code, text, lines: text.trimEnd().split("\n") })));
  });
}

const runs = suite("run");

runs("passes and counts over files and folders", async () => {
  const { code, lines, text } = await runOn({ "a.test.ts": good, "deep/b.test.ts": good, "not-a-test.ts": "throw 1;" });
  assert.is(lines.at(-1), "4 passed, 0 failed", text);
  assert.is(code, 0);
});

runs("fails when nothing is found", async () => {
  const none = await runOn({ "a.ts": good });
  assert.is(none.lines.at(-1), "0 passed, 1 failed");
  assert.is(none.code, 1);
  assert.match(none.text, "no test file");
  const filtered = await runOn({ "a.test.ts": good }, "no-such-file");
  assert.is(filtered.code, 1);
  assert.match(filtered.text, 'with "no-such-file"');
});

runs("fails on a file without tests, a failing test, a crash and a hook that throws, and shows the output", async () => {
  const { code, lines, text } = await runOn({
    "forgot-run.test.ts": `test("never", () => {});`,
    "wrong.test.ts": `test("right", () => {}); test("wrong", () => { throw new Error("two is not three"); }); test.run();`,
    "crash.test.ts": `throw new Error("broken at import");`,
    "hook.test.ts": `test.before(() => { throw new Error("no"); }); test("unreached", () => {}); test.run();`,
    "early.test.ts": `test("pending", () => new Promise(() => {})); test.run();`,
    "good.test.ts": good,
  });
  assert.is(lines.at(-1), "3 passed, 5 failed", text);
  assert.is(code, 1);
  assert.match(text, /forgot-run\.test\.ts: holds no test/);
  assert.match(text, "two is not three");
  assert.match(text, "broken at import");
  assert.match(text, /hook\.test\.ts: a before or after hook threw/);
  assert.match(text, /early\.test\.ts: ended with exit code 1/);
});

runs("names and kills a file that runs too long, with what it started", async () => {
  const hang = `import { spawn } from "node:child_process";
    test("hangs", async () => { spawn("sleep", ["60"], { stdio: "inherit" }); await new Promise((done) => setTimeout(done, 60000)); }); test.run();`;
  const { code, lines, text } = await runOn({ "hang.test.ts": hang }, "--limit", "2");
  assert.is(lines.at(-1), "0 passed, 1 failed", text);
  assert.is(code, 1);
  assert.match(text, /hang\.test\.ts: ran longer than 2 s and was killed/);
});

runs("counts skips with their reasons, and a run of skips only fails", async () => {
  const skip = `console.log("skipped: no browser"); test.skip("browser", () => {}); test.run();`;
  const mixed = await runOn({ "a.test.ts": good, "b.test.ts": skip });
  assert.is(mixed.lines.at(-1), "2 passed, 0 failed, 1 skipped", mixed.text);
  assert.match(mixed.text, /^ +skipped: no browser$/m);
  assert.is(mixed.code, 0);
  const only = await runOn({ "b.test.ts": skip });
  assert.is(only.code, 1, only.text);
});

runs.run();

const builds = suite("fresh build");

builds("builds what changed, nothing else, and reports a compiler's message", async () => {
  const script = (output: string): string =>
    `node -e "fs=require('fs');fs.mkdirSync('build/ts',{recursive:true});fs.writeFileSync('${output}','1')"`;
  const manifest = { scripts: { "build:wasm": script("build/strict.wasm"), "build:js": script("build/ts/index.js") } };
  const files = { "package.json": JSON.stringify(manifest), "assembly/index.ts": "1", "ts/index.ts": "1" };
  await withFolder(files, async (root) => {
    assert.equal(await freshBuild(root), { built: ["wasm", "js"], failure: null });
    assert.equal(await freshBuild(root), { built: [], failure: null });
    writeFileSync(join(root, "assembly/index.ts"), "2");
    assert.equal(await freshBuild(root), { built: ["wasm"], failure: null });
    // Another compiler run in between: the sources are the known ones, the output is not.
    writeFileSync(join(root, "build/ts/index.js"), "0");
    assert.equal(await freshBuild(root), { built: ["js"], failure: null });
    rmSync(join(root, "assembly/index.ts"));
    writeFileSync(
      join(root, "package.json"),
      JSON.stringify({ scripts: { "build:wasm": `node -e "console.log('type error');process.exit(1)"` } }),
    );
    const { built, failure } = await freshBuild(root);
    assert.equal(built, []);
    assert.match(failure ?? "", "type error");
  });
});

builds.run();
