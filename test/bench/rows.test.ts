import { suite } from "uvu";
import * as assert from "uvu/assert";
import { measured, readRows, rowKey, runtime, toRow, writeRows, type Row } from "../../bench/suite/rows.ts";

const rows = suite("bench rows");

const train: Row = {
  ...{ name: "train_resnet20_b128", runtime: "node 20.20.2", threads: 2, value: 326.123456, unit: "images/s", ceilingShare: 0.8123456 },
};

rows("a measured row has what its maker leaves out", () => {
  const row = measured({ name: "peak", value: 412, unit: "MB" });
  assert.equal(row, { name: "peak", value: 412, unit: "MB", runtime, threads: 1, ceilingShare: null, best: 412, spread: null, cpu: null });
  assert.is(runtime, `node ${process.versions.node}`);
});

rows("the file holds the six fields and five digits, and is read again", () => {
  const text = writeRows([measured({ ...train, best: 340, spread: 0.1 }), { ...train, threads: 1, ceilingShare: null }]);
  const [first, second] = JSON.parse(text) as Record<string, unknown>[];
  assert.equal(first, {
    ...{ name: "train_resnet20_b128", runtime: "node 20.20.2", threads: 2, value: 326.12, unit: "images/s", ceilingShare: 0.81235 },
  });
  assert.equal(Object.keys(first), ["name", "runtime", "threads", "value", "unit", "ceilingShare"]);
  assert.is(second["ceilingShare"], null);
  assert.equal(readRows(text, "FILE"), [toRow(train), toRow({ ...train, threads: 1, ceilingShare: null })]);
  assert.is(text.split("\n").length, 5, "a row a line");
});

rows("a file of another form is refused with the place", () => {
  assert.throws(() => readRows("{", "old.json"), /^old\.json: no JSON \(/);
  assert.throws(() => readRows(`[{"name":"x"}]`, "old.json"), /^old\.json: 0\.runtime: /);
  const strange = JSON.stringify([{ ...train, unit: "furlongs" }]);
  assert.throws(() => readRows(strange, "old.json"), /^old\.json: 0\.unit: .*wanted what --json writes$/);
});

rows("the key tells threads and units apart", () => {
  const keys = [train, { ...train, threads: 1 }, { ...train, unit: "ms" as const }].map(rowKey);
  assert.equal(keys, [
    "train_resnet20_b128, 2 threads, images/s",
    "train_resnet20_b128, 1 thread, images/s",
    "train_resnet20_b128, 2 threads, ms",
  ]);
});

rows.run();
