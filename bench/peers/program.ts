// The program that perpend's threads train among its peers.
import { resnetV2, type ResNetV2 } from "../../ts/models/index.ts";
import { SGD } from "../../ts/optim/index.ts";
import type { JsonObject } from "../../ts/train/index.ts";
import { classes, learningRate, momentum, weightDecay } from "./net.ts";

export function createModel(options: JsonObject): ResNetV2 {
  return resnetV2({ depth: options["depth"] as number, classes, seed: 1 });
}

export function createOptimizer(model: ResNetV2): SGD {
  return new SGD(model.parameters(), { lr: learningRate, momentum, weightDecay });
}
