// The table of the peers: medians, ratios by round, and the place in a document.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beginMark, endMark, median, ratio, replaceBetweenMarks, tableOf, type Row } from "../../../bench/peers/table.ts";

const row = (peer: string, ms: number[], more: Partial<Row> = {}): Row => ({
  peer,
  runtime: "Node 20",
  threads: 1,
  batch: 100,
  ms,
  memory: 3 * 2 ** 20,
  own: false,
  ...more,
});

const table = suite("table of peers");

table("medians of odd and even counts", () => {
  assert.is(median([3, 1, 2]), 2);
  assert.is(median([4, 1, 3, 2]), 2.5);
});

table("ratios are of the same round, and of images, not of steps", () => {
  const own = row("perpend", [100, 400, 100], { own: true });
  assert.is(ratio(own, row("other", [200, 800, 400])), 2, "each round by itself: 2, 2, 4");
  assert.is(ratio(own, row("slow", [500])), 5, "rounds that both ran in");
  assert.is(ratio(own, row("small", [100, 400, 100], { batch: 10 })), 10);
});

table("a column of ratios for each runtime of perpend, of the same threads", () => {
  const text = tableOf([
    row("perpend", [100], { own: true }),
    row("perpend", [50], { own: true, runtime: "Node 24" }),
    row("other", [200], { runtime: "Python" }),
    row("other", [200], { runtime: "Python", threads: 2 }),
  ]);
  const cells = text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  assert.equal(cells[0].slice(8, 10), ["perpend on Node 20, times", "perpend on Node 24, times"]);
  assert.equal(cells[4].slice(1, 10), ["other", "Python", "1", "500", "500", "1", "3", "2.00", "4.00"]);
  assert.equal(cells[5].slice(8, 10), ["", ""], "perpend did not run on two threads");
});

table("replaces what is between the marks, twice the same", () => {
  const text = `# a\n\n${beginMark}\n\nold\n\n${endMark}\n\nb\n`;
  const once = replaceBetweenMarks(text, "new\n", "x.md");
  assert.is(once, `# a\n\n${beginMark}\n\nnew\n\n${endMark}\n\nb\n`);
  assert.is(replaceBetweenMarks(once, "new", "x.md"), once);
  assert.throws(() => replaceBetweenMarks(`${endMark} ${beginMark}`, "", "x.md"), /x\.md without .*wanted both/);
});

table.run();
