// Learning rates that fall from the head to the input, as timm's layer_decay: layer l of L, from 0, takes decay^(L - 1 - l) of the rate.
import { pow } from "../math.ts";
import type { Module } from "../nn/index.ts";
import { parameterGroups, type GroupOptions, type ParameterGroup } from "./optimizer.ts";

/** A model that knows its order: which layer, from 0, a parameter is of, and how many there are. */
export interface Layered {
  readonly layers: number;
  layerOf(key: string): number;
}

export interface LayerDecayOptions extends GroupOptions {
  /** Factor from a layer to the one before it. */
  readonly layerDecay: number;
}

/**
 * Groups of parameterGroups(), each split by layer, with `lrScale` by depth. Errors: a decay outside (0, 1], a parameter of no layer.
 */
export function layerDecayGroups(model: Module & Layered, { layerDecay, ...options }: LayerDecayOptions): ParameterGroup[] {
  if (!(layerDecay > 0 && layerDecay <= 1)) throw new Error(`layerDecayGroups: decay ${layerDecay}, wanted above 0 and at most 1`);
  const layerOf = new Map(model.namedParameters().map(([key, variable]) => [variable, { key, layer: model.layerOf(key) }]));
  for (const { key, layer } of layerOf.values())
    if (!Number.isInteger(layer) || layer < 0 || layer >= model.layers)
      throw new Error(`layerDecayGroups: ${key} of layer ${layer}, wanted 0 to ${model.layers - 1}`);
  return parameterGroups(model, options).flatMap((group) =>
    Array.from({ length: model.layers }, (_, layer): ParameterGroup => {
      const parameters = group.parameters.filter((variable) => layerOf.get(variable)?.layer === layer);
      return { ...group, parameters, lrScale: (group.lrScale ?? 1) * pow(layerDecay, model.layers - 1 - layer) };
    }).filter(({ parameters }) => parameters.length > 0),
  );
}
