// Other initial values for the weights of a whole model: what initialization studies vary.
import { Conv2d, Linear, type init, type Layer } from "../nn/index.ts";
import { stream } from "../random.ts";

/** Draws the weights of all convolutions and linear layers anew by `initializer`, each by the seed and its path. Returns the model. */
export function withInitialWeights<M extends Layer>(model: M, initializer: init.Initializer, seed: number): M {
  const root = stream(seed, "recipe/init");
  for (const [path, module] of model.namedModules())
    if (module instanceof Conv2d || module instanceof Linear) initializer(module.weight, root.split(path));
  return model;
}
