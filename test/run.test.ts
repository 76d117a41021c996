// The test command as it is typed: its last line and its exit code.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const command = fileURLToPath(new URL("run.ts", import.meta.url));
const uvu = import.meta.resolve("uvu");

function run(body: string | null, ...options: string[]): { status: number | null; last: string | undefined } {
  const root = mkdtempSync(join(tmpdir(), "perpend-run-"));
  try {
    if (body !== null) writeFileSync(join(root, "a.test.ts"), `import { suite } from "${uvu}"; const test = suite("s");\n${body}\n`);
    const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", command, "--root", root, "--no-build", ...options], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      env: { ...process.env, FORCE_COLOR: "1" },
      encoding: "utf8",
    });
    return { status, last: stdout.split("\n").at(-2) };
  } finally {
    rmSync(root, { recursive: true });
  }
}

const typed = suite("npm test");

typed("passes", () => {
  const body = `test("one", () => {}); test.skip("two", () => {}); test.run();`;
  assert.equal(run(body), { status: 0, last: "1 passed, 0 failed, 1 skipped" });
});
typed("fails on a failing test", () => {
  assert.equal(run(`test("one", () => { throw new Error("no"); }); test.run();`), { status: 1, last: "0 passed, 1 failed" });
});
typed("fails without a test", () => {
  assert.equal(run(null), { status: 1, last: "0 passed, 1 failed" });
});
typed("refuses a limit that is none", () => {
  assert.is(run(null, "--limit", "soon").status, 1);
});

typed.run();
