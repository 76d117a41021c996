// The program that perpend's threads train among its peers.
import { resnetV2, vitTiny, type ResNetV2, type VisionTransformer } from "../../ts/models/index.ts";
import { SGD } from "../../ts/optim/index.ts";
import type { JsonObject } from "../../ts/train/index.ts";
import { classes, learningRate, momentum, weightDecay } from "./net.ts";

export function createModel(options: JsonObject): ResNetV2 | VisionTransformer {
  const shared = { depth: options["depth"] as number, classes, seed: 1 };
  return options["net"] === "vit" ? vitTiny(shared) : resnetV2(shared);
}

export function createOptimizer(model: ResNetV2 | VisionTransformer): SGD {
  return new SGD(model.parameters(), { lr: learningRate, momentum, weightDecay });
}
