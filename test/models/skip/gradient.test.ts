// Whole blocks with every skip against central differences in float64, to 1e-7: images, weights and the skips' own parameters.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  backward,
  crossEntropy,
  globalAveragePool,
  noGrad,
  scope,
  tensor,
  wholeBatch,
  withBackend,
  type Tensor,
} from "../../../ts/autograd/index.ts";
import { BasicUnit } from "../../../ts/models/block/unit.ts";
import { projection, type SkipKind } from "../../../ts/models/index.ts";
import { Conv2d, initialize, Layer, Linear } from "../../../ts/nn/index.ts";
import { signed } from "../../golden/hash.ts";
import { checkGradients, signedBackend, type Moved } from "../difference.ts";
import { kinds } from "./kinds.ts";

const test = suite("models/skip/gradient");

const [N, SIZE, WIDTH, CLASSES] = [3, 6, 4, 5];

/** Stem, a unit that keeps the shape, one that halves the image and widens, pool, linear. */
class TwoUnits extends Layer {
  readonly stem = new Conv2d(3, WIDTH, 3, { padding: 1 });
  readonly units: Layer[];
  readonly fc = new Linear(2 * WIDTH, CLASSES);

  constructor(skip: SkipKind) {
    super();
    const unit = (index: number, inputs: number, width: number, stride: number): Layer =>
      new BasicUnit({
        ...{ inputs, width, stride, bias: false, sharesActivation: false },
        skip: skip.at({ index, depth: 3, width, inputs, stride }),
        downsample: stride === 1 ? null : projection().at({ inputs, outputs: width, stride }),
      });
    this.units = [unit(0, WIDTH, WIDTH, 1), unit(1, WIDTH, 2 * WIDTH, 2)];
  }

  forward(x: Tensor): Tensor {
    const stream = this.units.reduce((value, unit) => unit.forward(value), this.stem.forward(x));
    return this.fc.forward(globalAveragePool(stream));
  }
}

for (const [label, kind] of Object.entries(kinds))
  test(label, () => {
    const backend = signedBackend();
    withBackend(backend, () =>
      scope(() => {
        const model = initialize(new TwoUnits(kind()), { seed: 3 });
        for (const [key, variable] of model.namedParameters())
          if (variable.shape.length === 1) {
            const values = variable.toArray();
            variable.backend.write(
              variable.buffer,
              values.map((value, at) => value + 0.3 * signed(key, values.length)[at]),
            );
          }
        const x = tensor(signed("images", N * SIZE * SIZE * 3), [N, SIZE, SIZE, 3], { requiresGrad: true });
        const labels = tensor([3, 0, 4]);
        x.batch = labels.batch = wholeBatch(N, { shards: 2, step: 3 });
        const lossOf = (): Tensor => crossEntropy(model.forward(x), labels);
        scope(() => backward(lossOf()));
        const moved = [["images", x] as const, ...model.namedParameters()].flatMap(([name, variable]): Moved[] => {
          if (variable.grad === null) return [];
          const write = (values: Float64Array): void => variable.backend.write(variable.buffer, values);
          return [{ name, values: Float64Array.from(variable.toArray()), write, gradient: variable.grad.toArray() }];
        });
        const draws = signed("draws", 10_000);
        let drawn = 0;
        const { points, redrawn, worst } = checkGradients(moved, {
          side: backend.side,
          loss: () => scope(() => noGrad(() => lossOf().item())),
          places: 6,
          draw: () => (draws[drawn++] + 1) / 2,
          tolerance: 1e-7,
        });
        assert.ok(points > 20 && redrawn < points / 4, `${redrawn} of ${points} drawn again`);
        assert.ok(worst > 0, "differences of exactly nothing: nothing was compared");
        x.grad?.dispose();
        model.dispose();
      }),
    );
  });

test.run();
