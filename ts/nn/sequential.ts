// Layers one after the other.
import type { Tensor } from "../autograd/index.ts";
import { BatchNorm2d } from "./batch-norm.ts";
import { forwardConvNorm } from "./conv-norm.ts";
import { Conv2d } from "./conv.ts";
import { Layer, type Module } from "./module.ts";

/** Layers one after the other. */
export class Sequential extends Layer {
  readonly layers: Layer[];

  constructor(...layers: Layer[]) {
    super();
    for (const [index, layer] of layers.entries())
      if (!(layer instanceof Layer))
        throw new Error(`Sequential: no layer at ${index}, wanted layers one by one; new Apply(f) makes one of a function`);
    this.layers = layers;
  }

  override children(): [string, Module][] {
    return this.layers.map((layer, index) => [String(index), layer]);
  }

  forward(x: Tensor): Tensor {
    const { layers } = this;
    let y = x;
    for (let at = 0; at < layers.length; at++) {
      const [layer, next] = [layers[at], layers[at + 1]];
      if (layer instanceof Conv2d && next instanceof BatchNorm2d) {
        y = forwardConvNorm(layer, next, y);
        at++;
      } else y = layer.forward(y);
    }
    return y;
  }
}
