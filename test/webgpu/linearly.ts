// What the tests of errors train: one layer, which has few shaders to compile.
import { DataLoader, initialize, Layer, Linear, parameterGroups, reshape, SGD, shapes, type Program, type Tensor } from "../../ts/node.ts";
import { DeviceError } from "../../ts/webgpu.ts";

class Linearly extends Layer {
  readonly fc = new Linear(3072, 10);

  forward(x: Tensor): Tensor {
    return this.fc.forward(reshape(x, [x.shape[0], 3072]));
  }
}

export const program: Program = {
  createModel: () => initialize(new Linearly(), { seed: 5 }),
  createOptimizer: (model) => new SGD(parameterGroups(model), { lr: 0.001 }),
};

/** Four batches an epoch. */
export const batchesOf = (batchSize: number): DataLoader =>
  new DataLoader(shapes({ count: 4 * batchSize, seed: 3 }), { batchSize, shuffle: true, seed: 4 });

/** `kind: message` of the DeviceError that the work ends in; "none" where it ends in none. */
export async function endOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "none";
  } catch (error) {
    return error instanceof DeviceError ? `${error.kind}: ${error.message}` : `another error: ${String(error)}`;
  }
}
