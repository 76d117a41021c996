// The page of a paper's results, as docs/results has it: every experiment that was run, with pictures as SVG files beside the page.
import type { Drawn } from "./figure.ts";
import { resultDrawings, streamDrawings } from "./grid-drawings.ts";
import { gridMarkdown, logsOf, trainingTime, type PictureLink } from "./grid-markdown.ts";
import type { Grid, Verdict } from "./grid.ts";
import { markdownTable, plainText } from "./markdown.ts";
import { pictureFile } from "./picture.ts";

export interface ResultsPage {
  readonly title: string;
  /** Authors, year, where published. */
  readonly source: string;
  /** The command that writes the page. */
  readonly command: string;
  /** All experiments, those without runs too. */
  readonly grids: readonly Grid[];
}

/** The page, and its pictures by path from the page. */
export interface ResultsFiles {
  readonly markdown: string;
  readonly pictures: ReadonlyMap<string, string>;
}

const FOLDER = "pictures";
/** In the order that a reader wants to know of them. */
const VERDICTS: readonly Verdict[] = ["same", "alike", "not shown", "opposite", "differs", "one seed", "paper says nothing"];

/** `3 same, 1 not shown`. */
function verdictsOf({ rows }: Grid): string {
  const found = VERDICTS.flatMap((verdict) => {
    const count = rows.filter(({ difference }) => difference?.verdict === verdict).length;
    return count > 0 ? [`${count} ${verdict}`] : [];
  });
  return found.length > 0 ? found.join(", ") : "–";
}

function summary(grids: readonly Grid[]): string[] {
  const rows = grids.map((grid) => {
    const logs = logsOf(grid);
    const name = grid.name.slice(grid.name.indexOf("/") + 1);
    return [`\`${name}\``, plainText(grid.title), `${logs.length}/${grid.rows.length * grid.seeds.length}`, trainingTime(logs), verdictsOf(grid)];
  }); // prettier-ignore
  return markdownTable(["experiment", "what", "runs", "training", "against the paper"], rows, (column) =>
    column === 2 ? "right" : "left",
  );
}

/** Writes the page. */
export async function resultsPage({ title, source, command, grids }: ResultsPage): Promise<ResultsFiles> {
  const pictures = new Map<string, string>();
  const sections: string[] = [];
  const run = grids.filter((grid) => logsOf(grid).length > 0);
  for (const grid of run) {
    const links = (drawn: readonly Drawn[]): PictureLink[] =>
      drawn.map(({ picture }) => {
        const path = `${FOLDER}/${grid.name.replaceAll("/", "-")}-${picture.id}.svg`;
        pictures.set(path, pictureFile(picture));
        return { title: picture.title, path };
      });
    sections.push(gridMarkdown(grid, links(await resultDrawings(grid)), links(grid.streams ? await streamDrawings(grid) : [])));
  }
  const lines = [
    `# ${plainText(title)}`,
    "",
    `${plainText(source)}. Written by \`${command}\` from the runs that are done; nothing here is typed by hand.`,
    "",
    "The direction of a difference is the paper's (same) or the other one (opposite), unless a paired t test at p 0.05 does not tell it from chance",
    "(not shown); where the paper's difference is within its spread, ours is no more than that (alike), or is (differs). Numbers are of our",
    "scale, those of the paper of its own: what can be compared is the direction.",
    "",
    ...(run.length > 0 ? [...summary(run), ""] : ["Nothing was run yet.", ""]),
    ...(run.length > 0 && run.length < grids.length ? [`Not run: ${grids.filter((grid) => !run.includes(grid)).map(({ name }) => `\`${name}\``).join(", ")}.`, ""] : []),
  ]; // prettier-ignore
  return { markdown: `${[lines.join("\n"), ...sections].join("\n")}`, pictures };
}
