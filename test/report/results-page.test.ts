// The page of a paper's results: what is on it, that Prettier has nothing to change, and that its pictures stand alone.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import prettier from "prettier";
import { gridMarkdown } from "../../ts/report/grid-markdown.ts";
import type { Grid, GridRow, Measure } from "../../ts/report/grid.ts";
import { markdownTable, plainText } from "../../ts/report/markdown.ts";
import { resultsPage } from "../../ts/report/results-page.ts";
import { collectRun } from "../../ts/report/run-log.ts";
import { paired } from "../../ts/report/significance.ts";
import { fakeRun } from "./fake-run.ts";

const test = suite("report/results-page");

const measures = (factor: number): readonly Measure[] =>
  [100, 200, 300].map((step) => ({
    step,
    measure: "filters",
    values: { mean: factor * step, low: -1, high: 1 },
    layers: [1, 2, 3].map((layer) => ({ share: (factor * step) / layer, b0: 0.25, b1: 0.5, b2: 0.25 * layer })),
  }));

function row(name: string, factor: number, more: Partial<GridRow> = {}): GridRow {
  const logs = [1, 2].map((seed) => collectRun(fakeRun({ name, seed, epochs: 3, stepsPerEpoch: 40 })));
  return {
    name,
    labels: { skip: name, pi: String(factor) },
    values: [90 * factor, 91],
    diverged: 0,
    mean: 90.5,
    spread: 0.7,
    logs,
    measures: [measures(factor), []],
    ...more,
  };
}

const grid: Grid = {
  name: "a-paper/an-experiment",
  title: "What <b> *does* | to a_b",
  source: "A et al. 2000, Table 1",
  expects: "more_of [it]",
  scale: "smoke",
  setting: "2 epochs",
  unit: "accuracy",
  better: "higher",
  protocol: "last epoch",
  axes: ["skip"],
  sweep: "pi",
  curves: [{ title: "Cosine of filters", measure: "filters", value: "mean" }],
  profiles: [{ title: "Share", measure: "filters", value: "share", unit: "layer" }],
  maps: [
    { title: "Shares", measure: "filters", value: "share", scale: "log" },
    { title: "Distribution", measure: "filters", value: "b", bins: 3, scale: "linear" },
  ],
  columns: [{ title: "mean", measure: "filters", value: "mean" }],
  streams: true,
  seeds: [1, 2],
  rows: [
    row("plain | a*b", 1),
    row("other", 0.5, {
      paper: { fails: false, value: 91, unverified: "read off a_plot" },
      difference: { from: "plain | a*b", paired: paired([1, 2]), paper: 1, verdict: "not shown" },
    }),
    row("not run", 0.1, { values: [null, null], mean: NaN, spread: NaN, logs: [null, null], measures: [] }),
  ],
  command: "perpend reproduce a-paper/an-experiment --data-dir DIR",
  commit: "0123456789abcdef",
};
const empty: Grid = { ...grid, name: "a-paper/never", rows: [grid.rows[2]] };

const made = resultsPage({ title: "A *paper*", source: "A, B, 2000", command: "perpend reproduce a-paper", grids: [grid, empty] });

test("command, commit, machine, table, tests, digests and what was not run", async () => {
  const { markdown } = await made;
  assert.match(markdown, /^# A \\\*paper\\\*\n/);
  assert.match(markdown, /\n\| `an-experiment` \| What .* \| +4\/6 \| /);
  assert.match(markdown, /\nNot run: `a-paper\/never`\.\n/);
  assert.match(markdown, /\n- Command: `perpend reproduce a-paper\/an-experiment --data-dir DIR`\n- Commit: 0123456789abcdef\n- Machine: /);
  assert.match(markdown, /\n\| other +\| +90\.50 ± 0\.70 \| +2\/2 \| +91\.00 \\\* \| +\+1\.50 \| +\+1\.00 \| +not shown \|\n/);
  assert.match(
    markdown,
    /\nOf the trained nets:\n\n\| +\| +mean \|\n.*\n\| plain \\\| a\\\*b \| 300\.000 \|\n\| other +\| 150\.000 \|\n\n/,
  );
  assert.not.match(markdown, /Means, accuracy/);
  const two = [1, 2].flatMap((pi) => ["a", "b"].map((name) => row(`${name}, ${pi}`, pi, { labels: { skip: name, pi: String(pi) } })));
  const cross = gridMarkdown({ ...grid, axes: ["skip", "pi"], rows: two.slice(0, 3) });
  assert.match(cross, /\nMeans, accuracy in percent, by skip and pi:\n\n\| skip, pi +\| +1 \| +2 \|\n.*\n\| a +\| 90\.50 \| 90\.50 \|\n\| b +\| 90\.50 \| +\|\n\n/); // prettier-ignore
  assert.match(markdown, /\n- other against plain \\\| a\\\*b: paired t\(1\)/);
  assert.is(markdown.match(/`[0-9a-f]{64}`/g)?.length, 4);
});

test("Prettier leaves the page as it is", async () => {
  const { markdown } = await made;
  assert.is(await prettier.format(markdown, { parser: "markdown", printWidth: 140 }), markdown);
});

test("every picture is linked, stands alone and has colors for both grounds", async () => {
  const { markdown, pictures } = await made;
  const linked = [...markdown.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, path]) => path);
  assert.equal(linked, [...pictures.keys()]);
  const names = linked.map((path) => /an-experiment-([\w-]+)\.svg$/.exec(path)?.[1]);
  const streams = ["streamNorm2", "cosine", "parallelNorm2", "orthogonalNorm2", "parallelRatio", "orthogonalRatio"];
  assert.equal(names, ["dots", "sweep", "course", "training", "measure-0", "profile-0", "map-0", "map-1", ...streams]);
  for (const [path, svg] of pictures) {
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+" /, path);
    assert.ok(!/NaN|undefined|Infinity|var\(--|<script|href=/.test(svg), path);
    assert.match(svg, /<style>@media \(prefers-color-scheme:dark\)\{\[fill="#ffffff"\]\{fill:#1b1e24\}/, path);
    assert.ok(svg.length < 120_000, `${path}: ${svg.length} bytes`);
    // As many elements are opened as are closed.
    const opened = svg.match(/<[a-z]+(?:\s[^>]*[^/])?>/g)?.length;
    assert.is(opened, svg.match(/<\/[a-z]+>/g)?.length, path);
  }
});

test("nothing was run: the page says so", async () => {
  const { markdown, pictures } = await resultsPage({ title: "T", source: "S", command: "c", grids: [empty] });
  assert.match(markdown, /\nNothing was run yet\.\n/);
  assert.is(pictures.size, 0);
});

test("tables have aligned columns; signs in text mean nothing", () => {
  assert.equal(markdownTable(["", "runs"], [["a|b", "1"], ["±", "10"]]), ["|      | runs |", "| ---- | ---: |", "| a\\|b |    1 |", "| ±    |   10 |"]); // prettier-ignore
  assert.is(plainText("a*b [c] <d> e_f _g_ `h` \\"), "a\\*b \\[c\\] \\<d\\> e_f \\_g\\_ \\`h\\` \\\\");
});

test.run();
