import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatCount, formatDuration, formatLoss, formatNumber, formatPercent, formatSpan } from "../../ts/report/numbers.ts";

const test = suite("numbers");

test("read the same in every locale", () => {
  assert.equal([0, 59.2, 60, 3599.5, 3725, Infinity].map(formatDuration), ["0:00", "1:00", "1:00", "1:00:00", "1:02:05", "?"]);
  assert.equal([0, 999, 1000, 1234567].map(formatCount), ["0", "999", "1,000", "1,234,567"]);
  assert.equal([0.12345, 4321, 5.61e13, NaN].map(formatLoss), ["0.123", "4,321", "5.6e13", "NaN"]);
  assert.equal([0.5, NaN].map((share) => formatPercent(share)), ["50.0 %", "?"]); // prettier-ignore
  assert.equal([0, 8.24, 9.97, 59.4, 60, 245, 3720].map(formatSpan), [
    "0.0 s",
    "8.2 s",
    "10 s",
    "59 s",
    "1 min 0 s",
    "4 min 5 s",
    "1 h 2 min",
  ]);
  assert.is(formatPercent(0.12345, 2), "12.35 %");
});

test("keep three significant digits", () => {
  const known: [number, string][] = [
    [0, "0"],
    [0.01234, "0.0123"],
    [0.0005, "5e-4"],
    [12.345, "12.3"],
    [-0.5, "-0.5"],
    [999.9, "1000"],
    [1234.5, "1,235"],
    [-1234.4, "-1,234"],
    [1.25e7, "1.3e7"],
    [0.0000123, "1.2e-5"],
    [NaN, "NaN"],
  ];
  for (const [value, text] of known) assert.is(formatNumber(value), text);
});

test.run();
