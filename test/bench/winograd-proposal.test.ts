import { suite } from "uvu";
import * as assert from "uvu/assert";
import { proposalText, proposeTable, type ShapeRatios } from "../../bench/suite/winograd-proposal.ts";

const proposal = suite("bench winograd table");

const shape = (size: number, channels: number, forward: number, inputGradient = forward, weightGradient = forward): ShapeRatios => ({
  ...{ size, channelsIn: channels, channelsOut: channels },
  ratios: { forward, inputGradient, weightGradient },
});

const all = ["forward", "inputGradient", "weightGradient"];

proposal("sizes with equal rows are one, and the largest goes on", () => {
  const rows = proposeTable([shape(8, 16, 2), shape(8, 64, 2), shape(16, 16, 2), shape(16, 64, 3), shape(32, 16, 2)]);
  assert.equal(rows, [{ least: 8, most: Infinity, channels: 64, winograd: all }]);
});

proposal("a pass ends below the fewest channels at which it loses, and a tie is lost", () => {
  const rows = proposeTable([shape(4, 16, 2), shape(4, 64, 2, 2, 1.04), shape(4, 128, 0.7, 2, 3), shape(8, 128, 2)]);
  assert.equal(rows, [
    { least: 4, most: 7, channels: 16, winograd: all },
    { least: 4, most: 7, channels: 64, winograd: ["forward", "inputGradient"] },
    { least: 4, most: 7, channels: 128, winograd: ["inputGradient"] },
    { least: 8, most: Infinity, channels: 128, winograd: all },
  ]);
});

proposal("where it never wins there is no row; sizes between belong to the smaller one", () => {
  const rows = proposeTable([shape(2, 16, 0.5), shape(6, 16, 2), shape(12, 16, 0.9, 2, 2)]);
  assert.equal(rows, [
    { least: 6, most: 11, channels: 16, winograd: all },
    { least: 12, most: Infinity, channels: 16, winograd: ["inputGradient", "weightGradient"] },
  ]);
});

proposal("more channels out than in count", () => {
  const wide = { ...shape(8, 16, 0.5), channelsOut: 256 };
  assert.equal(proposeTable([shape(8, 16, 2), wide]), [{ least: 8, most: Infinity, channels: 16, winograd: all }]);
});

proposal("as TypeScript", () => {
  assert.is(
    proposalText([{ least: 4, most: Infinity, channels: 64, winograd: ["forward"] }]),
    `  { least: 4, most: Infinity, channels: 64, winograd: ["forward"] },`,
  );
});

proposal.run();
