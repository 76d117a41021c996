// From measured ratios of Winograd over direct convolution to a table in the form of ts/autograd/ops/convolution-table.ts.
import type { ConvolutionPass } from "../../ts/autograd/ops/convolution-table.ts";

/** How many times as fast Winograd was in each pass of a layer whose images are squares. */
export interface ShapeRatios {
  readonly channelsIn: number;
  readonly channelsOut: number;
  readonly size: number;
  readonly ratios: Readonly<Record<ConvolutionPass, number>>;
}

export interface ProposedRow {
  readonly least: number;
  readonly most: number;
  readonly channels: number;
  readonly winograd: readonly ConvolutionPass[];
}

export const CONVOLUTION_PASSES = ["forward", "inputGradient", "weightGradient"] as const;

/** What Winograd must be worth: a tie goes to the smaller error. */
export const WORTH = 1.05;

/** Channels up to which Winograd wins at one size in one pass: below the fewest where it loses, or the most of all measurements. */
function limit(shapes: readonly ShapeRatios[], pass: ConvolutionPass, most: number): number {
  const channels = ({ channelsIn, channelsOut }: ShapeRatios): number => Math.max(channelsIn, channelsOut);
  const lost = shapes.filter(({ ratios }) => ratios[pass] < WORTH).map(channels);
  if (lost.length === 0) return most;
  const fewest = Math.min(...lost);
  return Math.max(0, ...shapes.map(channels).filter((count) => count < fewest));
}

/** Rows for one size: for each number of channels at which a pass ends, those that last until there. */
function rowsOfSize(limits: ReadonlyMap<ConvolutionPass, number>): Pick<ProposedRow, "channels" | "winograd">[] {
  const ends = [...new Set(limits.values())].filter((channels) => channels > 0).sort((a, b) => a - b);
  return ends.map((channels) => ({ channels, winograd: CONVOLUTION_PASSES.filter((pass) => limits.get(pass)! >= channels) }));
}

/** The table that follows from the measurements. Neighboring sizes with equal rows become one; the largest goes on to infinity. */
export function proposeTable(shapes: readonly ShapeRatios[]): ProposedRow[] {
  const sizes = [...new Set(shapes.map(({ size }) => size))].sort((a, b) => a - b);
  const most = Math.max(...shapes.flatMap(({ channelsIn, channelsOut }) => [channelsIn, channelsOut]));
  const parts = sizes.map((size) => {
    const own = shapes.filter((shape) => shape.size === size);
    return { least: size, rows: rowsOfSize(new Map(CONVOLUTION_PASSES.map((pass) => [pass, limit(own, pass, most)]))) };
  });
  const runs = parts.filter((part, index) => index === 0 || JSON.stringify(part.rows) !== JSON.stringify(parts[index - 1].rows));
  return runs.flatMap(({ least, rows }, index) => {
    const end = index + 1 < runs.length ? runs[index + 1].least - 1 : Infinity;
    return rows.map((row) => ({ least, most: end, ...row }));
  });
}

/** The rows as TypeScript. */
export function proposalText(rows: readonly ProposedRow[]): string {
  return rows
    .map(
      ({ least, most, channels, winograd }) =>
        `  { least: ${least}, most: ${most}, channels: ${channels}, winograd: [${winograd.map((pass) => `"${pass}"`).join(", ")}] },`,
    )
    .join("\n");
}
