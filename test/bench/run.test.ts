import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readRows, writeRows, type Row } from "../../bench/suite/rows.ts";

const command = suite("bench command");

const home = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "perpend-bench-"));

function bench(...options: string[]): { readonly status: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "bench/run.ts", "--no-build", ...options], {
    cwd: home,
    encoding: "utf8",
  });
  return { status, out: stdout, err: stderr };
}

command("a kernel and training steps, as rows, a table and a chart; the same against an earlier run", () => {
  const json = join(folder, "rows.json");
  const chart = join(folder, "chart.svg");
  const fast = join(folder, "fast.json");
  const earlier: Row = { name: "gemm_nn_64", runtime: "node 24.0.0", threads: 1, value: 1e9, unit: "GFLOP/s", ceilingShare: null };
  writeFileSync(fast, writeRows([earlier]));
  const { status, out, err } = bench(
    ...["--only", "kernels,growth", "--quick", "--rounds", "1", "--filter", "gemm_nn_64,growth_batch_32"],
    ...["--json", json, "--chart", chart, "--against", fast],
  );
  assert.is(status, 0, err);
  const rows = readRows(readFileSync(json, "utf8"), json);
  assert.equal(
    rows.map(({ name, unit }) => [name, unit]),
    [
      ["gemm_nn_64", "GFLOP/s"],
      ["growth_batch_32", "us"],
    ],
  );
  for (const { name, value, runtime, ceilingShare } of rows) {
    assert.ok(value > 0 && ceilingShare! > 0);
    assert.is(runtime, `node ${process.versions.node}`);
    assert.match(out, `| ${name} `);
  }
  assert.match(out, /\| gemm_nn_64 +\| GFLOP\/s +\| +1 \| +1000000000 \| +[\d.]+ \| +0\.000x \|/);
  assert.match(readFileSync(chart, "utf8"), />gemm_nn_64</);
});

command("what it cannot do is said, with status 1", () => {
  const wrong: readonly (readonly [RegExp, ...string[]])[] = [
    [/^bench: --only names kernel, of these is wanted: calibrate, kernels, /, "--only", "kernel"],
    [/^bench: --workers is 0,x, whole numbers from 0 on are wanted/, "--workers", "0,x"],
    [/^bench: --rounds is 0, whole numbers from 1 on are wanted/, "--rounds", "0"],
    [/bench: --filter is nothing, part of a name is wanted/, "--only", "kernels", "--filter", "nothing"],
  ];
  for (const [message, ...options] of wrong) {
    const { status, err } = bench(...options);
    assert.is(status, 1, options.join(" "));
    assert.match(err, message);
  }
});

command("--list and --help measure nothing", () => {
  assert.is(bench("--list", "--only", "step,winograd-table").out, "step\nwinograd-table\n");
  const { status, out } = bench("--help");
  assert.is(status, 0);
  for (const option of ["--only", "--quick", "--json FILE", "--chart FILE", "--against FILE", "--check", "--accept"])
    assert.match(out, option);
});

command.after(() => rmSync(folder, { recursive: true }));

command.run();
