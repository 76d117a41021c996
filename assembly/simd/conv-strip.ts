// Products of image strips with packed filters: for every output pixel the taps (i, j, channel) of a filter, in blocks of at most
// KC products that depend on the filter only.

import { KC } from "./conv-shape";
import { contract, planSum } from "./tile";

/**
 * One panel of 16 output channels for the pixels in `plan`. The filter has `rows` x `columns` taps of `channels` inputs each; the input
 * of tap (i, j) is i rowStep + j columnStep bytes behind the pixel's own. `start` is what the sums begin with.
 */
export function strip(
  plan: usize,
  a: usize,
  panel: usize,
  start: usize,
  c: usize,
  width: i32,
  rows: i32,
  columns: i32,
  channels: i32,
  rowStep: usize,
  columnStep: usize,
): void {
  let outer = rows;
  let middle = columns;
  let inner = channels;
  const outerStep = rowStep;
  let middleStep = columnStep;
  if (columnStep == (<usize>channels) << 2) {
    // A row of taps is one run of floats.
    outer = 1;
    middle = rows;
    middleStep = rowStep;
    inner = columns * channels;
  }
  if (outer * middle * inner <= 0) {
    planSum(plan, 0, 0, 0, 0, 0, 0, 64);
    contract(plan, a, panel, start, c, width);
    return;
  }
  const innerCount = min(inner, KC);
  const middleCount = inner > KC ? 1 : min(middle, KC / inner);
  const outerCount = middleCount < middle ? 1 : min(outer, max(1, KC / (middle * inner)));
  let old = start;
  for (let i = 0; i < outer; i += outerCount) {
    const i1 = min(outerCount, outer - i);
    for (let j = 0; j < middle; j += middleCount) {
      const j1 = min(middleCount, middle - j);
      for (let l = 0; l < inner; l += innerCount) {
        const l1 = min(innerCount, inner - l);
        planSum(plan, i1, j1, l1, outerStep, middleStep, 4, 64);
        contract(plan, a + <usize>i * outerStep + <usize>j * middleStep + ((<usize>l) << 2), panel, old, c, width);
        panel += (<usize>(i1 * j1 * l1)) << 6;
        old = 0;
      }
    }
  }
}
