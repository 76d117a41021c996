// The report of a grid of runs: one HTML file that stands alone, with the table, the paper's figures drawn from our runs, and digests.
import { table, type Drawn } from "./figure.ts";
import { resultDrawings, streamDrawings } from "./grid-drawings.ts";
import { crossTable, gridTable, measuredTable, type Grid } from "./grid.ts";
import { lettersNote } from "./heat-map.ts";
import { html, type Html } from "./html.ts";
import { formatSpan } from "./numbers.ts";
import { page, section } from "./page.ts";
import { reproduction } from "./settings.ts";
import { statement } from "./significance.ts";

function figures(drawn: readonly Drawn[]): Html | undefined {
  return drawn.length === 0 ? undefined : html`<div class="figures">${drawn.map(({ html: made }) => made)}</div>`;
}

function tests(grid: Grid): Html | undefined {
  const compared = grid.rows.flatMap(({ name, difference }) =>
    difference && difference.verdict !== "no runs" ? [{ name, difference }] : [],
  );
  if (compared.length === 0) return undefined;
  return html`<ul class="tests">
    ${compared.map(
      ({ name, difference }) =>
        html`<li><b>${name}</b> against ${difference.from}: ${statement(difference.paired)}. Direction: ${difference.verdict}.</li>`,
    )}
  </ul>`;
}

function lead(grid: Grid): string {
  const logs = grid.rows.flatMap(({ logs: own }) => own).filter((log) => log !== null);
  const seconds = logs.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
  return `${grid.source}. Scale ${grid.scale}: ${grid.setting}; ${logs.length} of ${grid.rows.length * grid.seeds.length} runs, ${formatSpan(seconds)} of training.`;
}

/** Makes the report. The text is a whole HTML document. */
export async function renderGridReport(grid: Grid): Promise<string> {
  const uncertain = [...new Set(grid.rows.flatMap(({ paper }) => (paper?.unverified === undefined ? [] : [paper.unverified])))];
  const runs = grid.rows
    .flatMap(({ logs }) => logs)
    .filter((log) => log !== null)
    .map((run, index) => ({ run, label: { index, name: run.start.name } }));
  const measured = measuredTable(grid);
  const cross = crossTable(grid);
  const results = html`${table(gridTable(grid))}
    <p class="note">
      ${grid.unit} in percent, ${grid.protocol}, mean and standard deviation over seeds ${grid.seeds.join(", ")}. The paper's numbers are
      those of its own scale: what can be compared is the direction.${uncertain.length > 0 && html` * ${uncertain.join("; ")}.`}
    </p>`;
  return page({
    brand: `results of ${grid.name}`,
    title: grid.title,
    lead: lead(grid),
    content: html`${section("Expected", html`<p>${grid.expects}</p>`)} ${section("Results", results)}
    ${section(`By ${grid.axes.join(" and ")}`, cross ? table(cross) : undefined)}
    ${section("Of the trained nets", measured ? table(measured) : undefined)} ${section("What the seeds show", tests(grid))}
    ${section("Figures", figures(await resultDrawings(grid)))}
    ${section("Skip connections", figures(await streamDrawings(grid)), lettersNote)}
    ${section("Runs", runs.length > 0 ? reproduction(runs) : undefined)}`,
  });
}
