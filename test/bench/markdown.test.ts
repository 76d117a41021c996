import { suite } from "uvu";
import * as assert from "uvu/assert";
import { digits, disturbanceLine, measuredTable, percent, table } from "../../bench/suite/markdown.ts";
import { measured } from "../../bench/suite/rows.ts";

const markdown = suite("bench tables");

markdown("numbers have three digits, at most three behind the point", () => {
  assert.equal([12345.6, 326.12, 52.47, 1.049, 0.8123, 0.00001, NaN].map(digits), [
    "12346",
    "326",
    "52.5",
    "1.05",
    "0.812",
    "0.000",
    "NaN",
  ]);
  assert.is(percent(0.8153), "82 %");
  assert.is(percent(null), "");
});

markdown("columns are as wide as their widest cell, numbers to the right", () => {
  assert.is(
    table(
      ["what", "n"],
      [
        ["a long name", "7"],
        ["b", "1234"],
      ],
    ),
    ["| what        |    n |", "| ----------- | ---: |", "| a long name |    7 |", "| b           | 1234 |"].join("\n"),
  );
});

markdown("a number measured once has no best", () => {
  const text = measuredTable([
    measured({ name: "train", value: 326.1, unit: "images/s", threads: 2, best: 340, spread: 0.034, ceilingShare: 0.412, cpu: 1.953 }),
    measured({ name: "peak", value: 412, unit: "MB" }),
  ]);
  const lines = text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  assert.equal(lines[2].slice(1, -1), ["train", "images/s", "2", "326", "340", "41 %", "3 %", "1.95"]);
  assert.equal(lines[3].slice(1, -1), ["peak", "MB", "1", "412", "", "", "", ""]);
});

markdown("how calm the machine was", () => {
  const row = (name: string, spread: number | null) => measured({ name, value: 1, unit: "ms", spread });
  assert.is(
    disturbanceLine([row("a", 0.05), row("b", null), row("c", 0.4), row("d", 0.04)]),
    "This run was slightly disturbed: the middle half of the rounds reaches over 5 % of the median, at worst 40 % (c).",
  );
  assert.is(disturbanceLine([row("a", null)]), null);
});

markdown.run();
