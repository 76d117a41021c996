// Proposes the table that chooses between Winograd and direct convolution (ts/autograd/ops/convolution-table.ts): both measured in turn
// over sizes and channels, forward on the images of a worker, the weight gradient on those of a shard, as in a batch of 128.
import { usesWinograd, type ConvolutionPass } from "../ts/autograd/ops/convolution-table.ts";
import { convSizes } from "./shapes.ts";
import { convOperations, direct, PASSES, winograd, type Pass } from "./suite/convolutions.ts";
import { measureGroups, type Group } from "./suite/kernel-groups.ts";
import { openKernels, pathNote } from "./suite/kernel-room.ts";
import { digits, table } from "./suite/markdown.ts";
import type { Findings, Plan } from "./suite/plan.ts";
import { proposalText, proposeTable, WORTH, type ShapeRatios } from "./suite/winograd-proposal.ts";

const SIZES = [2, 3, 4, 5, 6, 7, 8, 12, 14, 16, 28, 32, 56];
const CHANNELS = [16, 32, 64, 128, 256, 512];

/** Images of a shard of a batch of 128, and of one of two workers. */
const OF_A_SHARD = 5;
const OF_A_WORKER = 64;

/** Tiles of 4x4 after which more images change nothing: a filter's transform is done once a call. */
const ENOUGH_TILES = 128;

/** No layer of a net that one trains on a CPU takes more operations an image. */
const MOST_OPERATIONS = 6e8;

const PASS_NAMES: Readonly<Record<Pass, ConvolutionPass>> = {
  forward: "forward",
  input_gradient: "inputGradient",
  weight_gradient: "weightGradient",
};

interface Shape {
  readonly size: number;
  readonly channelsIn: number;
  readonly channelsOut: number;
}

function imagesOf({ size }: Shape, pass: Pass): number {
  if (pass === "weight_gradient") return OF_A_SHARD;
  const tiles = Math.ceil(size / 4) ** 2;
  return Math.min(OF_A_WORKER, Math.max(OF_A_SHARD, Math.ceil(ENOUGH_TILES / tiles)));
}

const nameOf = ({ size, channelsIn, channelsOut }: Shape): string => `3x3_${channelsIn}to${channelsOut}_${size}x${size}`;

function groupOf(shape: Shape): Group {
  const name = nameOf(shape);
  return {
    name,
    bound: "compute",
    calls: PASSES.flatMap((pass) => {
      const sizes = convSizes(imagesOf(shape, pass), shape.size, shape.channelsIn, shape.channelsOut);
      return [direct, winograd].map((algorithm) => ({
        name: `${algorithm.name}_${name}_${pass}`,
        work: convOperations(sizes),
        prepare: algorithm.prepare[pass](sizes),
      }));
    }),
    ratios: PASSES.map((pass) => ({
      name: `winograd_table_${name}_${pass}`,
      slow: `${direct.name}_${name}_${pass}`,
      fast: `${winograd.name}_${name}_${pass}`,
    })),
  };
}

export async function measure(plan: Plan): Promise<Findings> {
  const shapes: Shape[] = SIZES.flatMap((size) =>
    CHANNELS.map((channels) => ({ size, channelsIn: channels, channelsOut: channels })),
  ).filter(({ size, channelsIn, channelsOut }) => convOperations(convSizes(1, size, channelsIn, channelsOut)) <= MOST_OPERATIONS);
  const chosen = plan.quick ? shapes.filter(({ size }) => [4, 8, 16, 32].includes(size)) : shapes;
  const kernels = openKernels(plan.wasm);
  const { rows } = await measureGroups(kernels.module, chosen.map(groupOf), plan);
  const ratios = new Map(rows.filter(({ unit }) => unit === "speed ratio").map((row) => [row.name, row]));
  const measuredShapes = chosen.flatMap((shape): ShapeRatios[] => {
    const [forward, inputGradient, weightGradient] = PASSES.map((pass) => ratios.get(`winograd_table_${nameOf(shape)}_${pass}`)?.value);
    if (forward === undefined || inputGradient === undefined || weightGradient === undefined) return [];
    return [{ ...shape, ratios: { forward, inputGradient, weightGradient } }];
  });
  if (measuredShapes.length === 0) return { rows: [], notes: ["Nothing was measured."] };
  const lines = measuredShapes.map(({ channelsIn, channelsOut, size, ratios: own }) => {
    const passes = Object.values(PASS_NAMES);
    const wins = passes.filter((pass) => own[pass] >= WORTH);
    const now = passes.filter((pass) => usesWinograd(convSizes(1, size, channelsIn, channelsOut), pass));
    const named = (list: readonly ConvolutionPass[]): string =>
      list.length === passes.length ? "winograd" : list.length === 0 ? "direct" : list.join(", ");
    return [
      ...[channelsIn, channelsOut, size, size].map(String),
      ...passes.map((pass) => digits(own[pass])),
      named(wins),
      String(now) === String(wins) ? "" : named(now),
    ];
  });
  const head = ["channels in", "out", "height", "width", "forward", "input gradient", "weight gradient", "winner", "table now"];
  return {
    rows: [...ratios.values()],
    notes: [
      pathNote(kernels),
      `How many times as fast Winograd is; it wins from ${WORTH} on.`,
      table(head, lines),
      `The table that follows, for ts/autograd/ops/convolution-table.ts:\n\n${proposalText(proposeTable(measuredShapes))}`,
    ],
  };
}
