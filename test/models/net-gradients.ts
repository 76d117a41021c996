// Gradients of whole nets against central differences.
import {
  backward,
  crossEntropy,
  noGrad,
  scope,
  tensor,
  wholeBatch,
  withBackend,
  type SliceOptions,
  type Tensor,
} from "../../ts/autograd/index.ts";
import { initialize, type Layer } from "../../ts/nn/index.ts";
import { signed } from "../golden/hash.ts";
import { checkGradients, signedBackend, type Checked, type Moved } from "./difference.ts";

const [N, SIZE] = [3, 8];
const places = 10;
const tolerance = 1e-7;

/** Gives every parameter a value of no special kind, biases and scales too. */
function stir(model: Layer): void {
  for (const [key, variable] of model.namedParameters())
    if (variable.shape.length === 1) {
      const values = variable.toArray();
      const noise = signed(key, values.length);
      variable.backend.write(
        variable.buffer,
        values.map((value, at) => value + 0.3 * noise[at]),
      );
    }
}

export interface Prepared {
  readonly moved: readonly Moved[];
  readonly loss: () => number;
}

/** A model with a batch and the gradients of its parameters and images, for the time of `work`. */
export function prepared<T>(make: () => Layer, slice: SliceOptions, work: (prepared: Prepared) => T): T {
  return scope(() => {
    const model = initialize(make(), { seed: 3 });
    stir(model);
    const x = tensor(signed("images", N * SIZE * SIZE * 3), [N, SIZE, SIZE, 3], { requiresGrad: true });
    const labels = tensor([3, 0, 7]);
    x.batch = labels.batch = wholeBatch(N, slice);
    const lossOf = (): Tensor => crossEntropy(model.forward(x), labels, { smoothing: 0.1 });
    scope(() => backward(lossOf()));
    const moved = [["images", x] as const, ...model.namedParameters()].map(([name, variable]): Moved => ({
      name,
      values: Float64Array.from(variable.toArray()),
      write: (values) => variable.backend.write(variable.buffer, values),
      gradient: variable.grad!.toArray(),
    }));
    try {
      return work({ moved, loss: () => scope(() => noGrad(() => lossOf().item())) });
    } finally {
      x.grad?.dispose();
      model.dispose();
    }
  });
}

/** Compares all gradients of a net with central differences in float64, at 10 places of each tensor, to 1e-7. */
export function check(make: () => Layer, slice: SliceOptions): Checked {
  const backend = signedBackend();
  const draws = signed("draws", 100_000);
  let drawn = 0;
  const draw = (): number => (draws[drawn++] + 1) / 2;
  return withBackend(backend, () =>
    prepared(make, slice, ({ moved, loss }) => checkGradients(moved, { side: backend.side, loss, places, draw, tolerance })),
  );
}
