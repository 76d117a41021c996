// Blocks one after the other, which may free what they make inside and compute it again in the backward pass.
import { checkpoint, isRecording, scope, type Tensor } from "../autograd/index.ts";
import { Layer } from "../nn/index.ts";

/** Layers one after the other, where nobody goes back: memory for one at a time. */
function runFreeing(layers: readonly Layer[], x: Tensor): Tensor {
  let y = x;
  for (const layer of layers) {
    const before = y;
    y = scope(() => layer.forward(before));
    if (before !== x && before !== y && !before.kept) before.dispose();
  }
  return y;
}

/**
 * A length of the runs for `checkpointBlocks` that keeps memory near its least. With runs of n of the net's N units, N / n streams are kept
 * and the insides of n units made again, each of the size of about 4 streams, and a stage has half the memory of the one before it:
 * least where n is about sqrt(N / 8).
 */
export function usualCheckpointBlocks(units: number): number {
  return Math.max(1, Math.floor(Math.sqrt(units / 8) + 0.5));
}

/** Blocks one after the other; with `together` below Infinity runs of so many are computed again in the backward pass. */
export function runBlocks(blocks: readonly Layer[], together: number, x: Tensor): Tensor {
  if (!isRecording()) return runFreeing(blocks, x);
  let y = x;
  for (let from = 0; from < blocks.length; from += together) {
    const start = y;
    const run = (): Tensor => blocks.slice(from, from + together).reduce((value, block) => block.forward(value), start);
    y = together < Infinity ? checkpoint(run) : run();
  }
  return y;
}

/** Blocks of one width. */
export class Stage extends Layer {
  readonly blocks: Layer[];
  private readonly together: number;

  constructor(blocks: Layer[], checkpointBlocks: number) {
    super();
    this.blocks = blocks;
    this.together = checkpointBlocks;
  }

  forward(x: Tensor): Tensor {
    return runBlocks(this.blocks, this.together, x);
  }
}
