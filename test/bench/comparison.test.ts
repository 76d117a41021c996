import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareRows, gainOf } from "../../bench/suite/comparison.ts";
import { comparisonTable } from "../../bench/suite/markdown.ts";
import type { Row, Unit } from "../../bench/suite/rows.ts";

const comparison = suite("bench comparison");

const row = (name: string, value: number, unit: Unit = "images/s", threads = 1): Row => ({
  ...{ name, value, unit, threads, runtime: "node 20.20.2", ceilingShare: null },
});

comparison("a gain is above 1 where the unit's number got better", () => {
  assert.is(gainOf(row("a", 200), row("a", 100)), 2);
  assert.is(gainOf(row("a", 200, "ms"), row("a", 100, "ms")), 0.5);
  assert.is(gainOf(row("a", 1, "time ratio"), row("a", 2, "time ratio")), 2);
  assert.is(gainOf(row("a", 1, "speed ratio"), row("a", 2, "speed ratio")), 0.5);
});

comparison("rows meet by name, threads and unit, on whatever engine", () => {
  const now = [row("a", 110), row("a", 180, "images/s", 2), row("b", 5, "GB/s"), row("new", 1)];
  const before = [{ ...row("a", 100), runtime: "node 24.0.0" }, row("b", 5, "Gelem/s"), row("a", 200, "images/s", 2)];
  const { differences, onlyBefore, onlyNow } = compareRows(now, before);
  assert.equal(
    differences.map(({ row: own, before: other, gain }) => [own.value, other.value, Number(gain.toFixed(3))]),
    [
      [110, 100, 1.1],
      [180, 200, 0.9],
    ],
  );
  assert.equal(
    onlyNow.map(({ name }) => name),
    ["b", "new"],
  );
  assert.equal(
    onlyBefore.map(({ unit }) => unit),
    ["Gelem/s"],
  );
});

comparison("as a table, with what is missing", () => {
  const text = comparisonTable(compareRows([row("a", 110), row("c", 1)], [row("a", 100), row("b", 1)]), "old.json");
  assert.match(text, /\| a +\| images\/s +\| +1 \| +100 \| +110 \| +1\.100x \|/);
  assert.match(text, "1 rows are not in old.json.");
  assert.match(text, "1 rows of old.json were not measured.");
  assert.match(comparisonTable(compareRows([row("c", 1)], []), "old.json"), /^No row is in old\.json too\./);
});

comparison.run();
