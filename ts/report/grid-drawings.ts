// All figures of a grid, for the report and for pictures beside a page of results.
import type { Drawn } from "./figure.ts";
import { courseFigure, dotFigure, sweepFigure, trainingFigure } from "./grid-figures.ts";
import { curveFigures, mapFigures, profileFigures } from "./grid-measures.ts";
import type { Grid } from "./grid.ts";
import { drawHeatMaps } from "./heat-map.ts";
import { epochOf } from "./run-log.ts";

/** Combinations whose blocks are drawn. */
const MOST_MAPS = 4;

/** Results, the course of learning, and what the method measured. */
export async function resultDrawings(grid: Grid): Promise<Drawn[]> {
  const usual = [await dotFigure(grid), await sweepFigure(grid), await courseFigure(grid), await trainingFigure(grid)];
  return [
    ...usual.filter((each) => each !== undefined),
    ...(await curveFigures(grid)),
    ...(await profileFigures(grid)),
    ...(await mapFigures(grid)),
  ];
}

/** What skips do to their stream: the first seed of the first combinations that were measured. */
export async function streamDrawings(grid: Grid): Promise<Drawn[]> {
  const measured = grid.rows.flatMap(({ name, logs }) => {
    const log = logs.find((each) => each !== null && each.diagnostics.some(({ blocks }) => blocks.length > 0));
    return log ? [{ name, log }] : [];
  });
  const some = measured.slice(0, MOST_MAPS);
  if (some.length === 0) return [];
  const runs = some.map(({ name, log }, index) => ({
    index,
    name,
    diagnostics: log.diagnostics.filter(({ blocks }) => blocks.length > 0),
  }));
  return drawHeatMaps(runs, "epoch", (index, step) => epochOf(step, some[index].log.start), { ratios: true });
}
