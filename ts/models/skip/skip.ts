// How a block joins its stream. A skip kind is an object that a model is given; it makes one skip for each block.
import type { Tensor } from "../../autograd/index.ts";

/** Where a block sits. */
export interface BlockSite {
  /** Number of the block, from 0. */
  readonly index: number;
  /** Number of blocks in the model. */
  readonly depth: number;
  /** Channels of the stream after the block. */
  readonly width: number;
}

export interface StepContext {
  /** True while the model trains. */
  readonly training: boolean;
}

export interface Skip {
  /**
   * The stream after the block. `stream` is what the block adds to: its input, or the projected shortcut where shapes change.
   * `branch` computes the block's own part; a skip that does not call it does not pay for it.
   */
  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor;
}

export interface SkipKind {
  /** Name for logs and reports. */
  readonly label: string;
  /** The skip of one block; it may be a Module with parameters of its own. */
  at(site: BlockSite): Skip;
}
