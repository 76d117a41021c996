// One initializer for the weights of a whole model that exists already.
import { Conv2d } from "./conv.ts";
import type { Initializer } from "./init.ts";
import { Linear } from "./linear.ts";
import { initialize, type Module } from "./module.ts";

export interface WeightInitOptions {
  /** What the model was made with, so that everything else keeps its values. */
  readonly seed?: number;
  /** Layers to take, by their path; all by default. */
  readonly which?: (path: string, layer: Conv2d | Linear) => boolean;
}

/**
 * Gives the weights of convolutions and linear layers this initializer, and draws the model's initial values by `seed`.
 * Error: not one layer.
 */
export function initializeWeights<M extends Module>(
  model: M,
  initializer: Initializer,
  { seed = 0, which = () => true }: WeightInitOptions = {},
): M {
  let taken = 0;
  for (const [path, module] of model.namedModules())
    if ((module instanceof Conv2d || module instanceof Linear) && which(path, module)) {
      module.initializer = initializer;
      taken++;
    }
  if (taken === 0) throw new Error("initializeWeights: 0 convolutions and linear layers, wanted at least 1");
  return initialize(model, { seed });
}
