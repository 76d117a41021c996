// The program of page-scripts.ts for a team in Node.
import { resnetV2, type Layer } from "../../../ts/index.ts";

export const createModel = (): Layer => resnetV2({ depth: 8, width: 8, classes: 10, seed: 7 });
