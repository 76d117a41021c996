// How a block joins its stream. A skip kind is an object that a model is given; it makes one skip for each block.
import type { Over, Tensor } from "../../autograd/index.ts";

/** Where a block sits. */
export interface BlockSite {
  /** Number of the block, from 0. */
  readonly index: number;
  /** Number of blocks in the model. */
  readonly depth: number;
  /** Channels of the stream after the block. */
  readonly width: number;
  /** Channels of the block's input; `width` where it is not given. */
  readonly inputs?: number;
  /** Step between the block's pixels; 1 where it is not given. */
  readonly stride?: number;
  /** Number of the addition, from 0, and how many the model has, where its blocks have several each; else `index` and `depth`. */
  readonly addition?: number;
  readonly additions?: number;
}

export interface StepContext {
  /** True while the model trains. */
  readonly training: boolean;
  /** What the stream is made from, before any change of shape; `stream` itself where it is not given. */
  readonly input?: Tensor;
}

export interface Skip {
  /**
   * The stream after the block. `stream` is what the block adds to: its input, or the projected shortcut where shapes change.
   * `branch` computes the block's own part; a skip that does not call it does not pay for it.
   */
  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor;
  /** Set where join() is the orthogonal update and no more: factors around it are then a part of it (weightedUpdate). */
  readonly update?: { readonly over: Over; readonly eps: number };
}

/** A way in which blocks join their stream, for the `skip` of a model; `at` makes the one of a block. */
export interface SkipKind {
  /** Name for logs and reports. */
  readonly label: string;
  /**
   * True where join() does not read its stream. A model then has no parameters for it: where shapes change the stream is every stride-th
   * pixel, with zeros for new channels.
   */
  readonly ignoresStream?: boolean;
  /** True where join() does not read its stream in some blocks or steps. */
  readonly ignoresStreamAtTimes?: boolean;
  /** The skip of one block; it may be a Module with parameters of its own. */
  at(site: BlockSite): Skip;
}
