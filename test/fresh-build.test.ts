// A stale build is never tested: contents of sources and outputs decide.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freshBuild } from "./fresh-build.ts";

const root = mkdtempSync(join(tmpdir(), "perpend-build-"));
const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
};
const compilers = (_root: string, script: string): Promise<{ ok: boolean; output: string }> => {
  write(script === "build:wasm" ? "build/strict.wasm" : "build/ts/index.js", "1");
  return Promise.resolve({ ok: true, output: "" });
};

const builds = suite("fresh build");

builds.before.each(async () => {
  rmSync(root, { recursive: true });
  write("assembly/index.ts", "1");
  write("ts/index.ts", "1");
  assert.equal(await freshBuild(root, compilers), { built: ["wasm", "js"], failure: null });
});
builds.after(() => rmSync(root, { recursive: true }));

builds("nothing changed", async () => {
  assert.equal(await freshBuild(root, compilers), { built: [], failure: null });
});
builds("a source changed, came or went", async () => {
  write("assembly/index.ts", "2");
  assert.equal((await freshBuild(root, compilers)).built, ["wasm"]);
  write("workers/pool.ts", "1");
  assert.equal((await freshBuild(root, compilers)).built, ["js"]);
  rmSync(join(root, "workers/pool.ts"));
  assert.equal((await freshBuild(root, compilers)).built, ["js"]);
});
builds("an output changed or went: another build came in between", async () => {
  write("build/strict.wasm", "0");
  assert.equal((await freshBuild(root, compilers)).built, ["wasm"]);
  rmSync(join(root, "build/ts/index.js"));
  assert.equal((await freshBuild(root, compilers)).built, ["js"]);
});
builds("a source changed while it was built", async () => {
  write("assembly/index.ts", "4");
  const slow = (folder: string, script: string): ReturnType<typeof compilers> => {
    write("assembly/index.ts", "5");
    return compilers(folder, script);
  };
  assert.equal((await freshBuild(root, slow)).built, ["wasm"]);
  assert.equal((await freshBuild(root, compilers)).built, ["wasm"]);
});
builds("a failed build is told and tried again", async () => {
  write("assembly/index.ts", "3");
  const failing = (): Promise<{ ok: boolean; output: string }> => Promise.resolve({ ok: false, output: "type error" });
  assert.equal(await freshBuild(root, failing), { built: [], failure: "type error" });
  assert.equal((await freshBuild(root, compilers)).built, ["wasm"]);
});

builds.run();
