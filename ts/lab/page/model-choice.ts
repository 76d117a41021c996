// Model names as family and depth, as a person chooses them.
import { MODELS } from "../../cli/settings/settings.ts";

export interface Family {
  readonly id: string;
  readonly label: string;
  /** Depth to the model of that depth. */
  readonly depths: readonly (readonly [depth: string, model: string])[];
}

const depthOf = (model: string): number => Number(model.slice(model.lastIndexOf("_") + 1));
const WIDE = [18, 34, 50, 101];

const nets = MODELS.filter((model) => model.startsWith("resnetv2_")).sort((a, b) => depthOf(a) - depthOf(b));
const vits = MODELS.filter((model) => model.startsWith("vit_"));

const withDepth = (models: readonly string[]): [string, string][] => models.map((model) => [String(depthOf(model)), model]);

export const FAMILIES: readonly Family[] = [
  { id: "narrow", label: "ResNet v2, 16 channels", depths: withDepth(nets.filter((model) => !WIDE.includes(depthOf(model)))) },
  { id: "wide", label: "ResNet v2, 64 channels", depths: withDepth(nets.filter((model) => WIDE.includes(depthOf(model)))) },
  { id: "vit", label: "Vision transformer", depths: vits.map((model) => [/vit_(\w+?)_/.exec(model)?.[1] ?? model, model]) },
];

export function familyOf(model: string): Family {
  return FAMILIES.find(({ depths }) => depths.some(([, own]) => own === model)) ?? FAMILIES[0];
}
