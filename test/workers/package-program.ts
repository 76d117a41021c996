// A program as its users write it: everything comes through the front door, which names a backend of its own.
import { resnetV2, type Module } from "../../ts/node.ts";

export function createModel(): Module {
  return resnetV2({ depth: 8, width: 4, seed: 5 });
}
