// All of PyTorch's own sample inputs of the operators that perpend has, where its test database is there (Debian's python3-torch 1.13).
// about 1 minute
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { readKernels } from "../../ts/node.ts";
import { compareAll, lineOf, type Case } from "../golden/opinfo.ts";

const script = fileURLToPath(new URL("../golden/opinfo.py", import.meta.url));
/** Debian's own Python sees its packages. */
const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

const opinfo = suite("long/numeric-opinfo");
const probe = spawnSync(python, ["-c", "import torch; print(torch.__version__)"], { encoding: "utf8" });

if (probe.status !== 0) {
  opinfo.skip("PyTorch's samples", () => {});
  console.log(`skipped: opinfo: ${python} has no torch`);
} else
  opinfo("all of PyTorch's samples", () => {
    console.log(`torch ${probe.stdout.trim()}`);
    const made = spawnSync(python, [script, "--all"], {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
      env: { ...process.env, OMP_NUM_THREADS: "1" },
    });
    assert.is(made.status, 0, made.stderr);
    const cases = made.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Case);
    assert.ok(cases.length > 1500);
    const wasm = createWasmBackend(new WebAssembly.Module(readKernels()));
    const found = compareAll(cases, createReferenceBackend(), wasm);
    console.log(`\n${lineOf(found)}`);
    assert.equal(found.failed, []);
  });

opinfo.run();
