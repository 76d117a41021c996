// A plain net with modulated errors and the orthonormal penalty, on the float64 reference backend, against PyTorch in float64 with
// tensor hooks: logits, loss, the factors, and gradients to 1e-9 of the largest value of each tensor.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, crossEntropy, globalAveragePool, scope, withBackend, type Tensor } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { modulated, modulationOf } from "../../ts/models/index.ts";
import { BatchNorm2d, Conv2d, forwardConvNorm, Layer, Linear, type StateDict } from "../../ts/nn/index.ts";
import { orthonormal } from "../../ts/optim/index.ts";
import { initial } from "./hash.ts";
import { done, goldenBatch, gradientsOf } from "./nets.ts";
import { difference, fromDigests, golden, type Digests } from "./numbers.ts";

const TOLERANCE = 1e-9;

interface File {
  readonly options: {
    readonly batch: number;
    readonly size: number;
    readonly convs: readonly (readonly [inputs: number, outputs: number, size: number, stride: number])[];
    readonly gains: readonly number[];
    readonly lambda: number;
  };
  readonly cases: Readonly<
    Record<
      string,
      {
        readonly rule: { readonly tau: number; readonly clamp: readonly [number, number] };
        readonly loss: number;
        readonly logits: readonly number[];
        /** From the top layer down. */
        readonly factors: readonly number[];
        readonly gradients: Digests;
      }
    >
  >;
}

const { options, cases } = golden<File>("orthonormal.json");

class Plain extends Layer {
  readonly convs = options.convs.map(
    ([inputs, outputs, size, stride]) => new Conv2d(inputs, outputs, size, { stride, padding: (size - 1) / 2 }),
  );
  readonly norms = options.convs.map(([, outputs]) => new BatchNorm2d(outputs, { relu: true }));
  readonly fc = new Linear(options.convs[options.convs.length - 1][1], 10, { bias: false });

  forward(x: Tensor): Tensor {
    const y = this.convs.reduce((value, conv, index) => forwardConvNorm(conv, this.norms[index], value), x);
    return this.fc.forward(globalAveragePool(y));
  }
}

/** The net with the weights of orthonormal.py. */
function goldenPlain(): Plain {
  const model = new Plain();
  const state: StateDict = {};
  for (const { key, shape } of model.entries())
    if (key.endsWith(".weight")) {
      const norm = /^norms\.(\d)/.exec(key);
      const values = initial(norm ? `norms.${norm[1]}.norm.weight` : key, shape);
      state[key] = { shape, values: norm ? values.map((value) => value * options.gains[Number(norm[1])]) : values };
    }
  model.loadStateDict(state, { strict: false });
  return model;
}

const test = suite("golden/orthonormal");

for (const [name, wanted] of Object.entries(cases))
  test(`modulated ${name}`, () =>
    withBackend(createReferenceBackend(), () =>
      scope(() => {
        const model = modulated(goldenPlain(), { ...wanted.rule, recordEvery: 1 });
        const batch = goldenBatch({ ...options, depth: 0 }, { shards: 3 });
        const logits = model.forward(batch.x);
        assert.ok(difference(logits.toArray(), wanted.logits) < TOLERANCE, `logits: ${difference(logits.toArray(), wanted.logits)}`);
        const loss = orthonormal({ lambda: options.lambda }).addTo(crossEntropy(logits, batch.labels), model);
        backward(loss);
        assert.ok(Math.abs(loss.item() - wanted.loss) < TOLERANCE, `loss ${loss.item()}, wanted ${wanted.loss}`);
        const [{ layers }] = modulationOf(model)!.drain();
        const factors = layers.map(({ factor }) => factor).reverse();
        assert.ok(difference(factors, wanted.factors) < TOLERANCE, `factors ${factors.join()}, wanted ${wanted.factors.join()}`);
        const gradients = Object.fromEntries(Object.entries(gradientsOf(model)).filter(([key]) => key.endsWith(".weight")));
        const { error, key } = fromDigests(gradients, wanted.gradients);
        assert.ok(error < TOLERANCE, `gradient of ${key}: ${error}`);
        done(model);
      }),
    ));

test("the cases differ", () => {
  const norms = Object.values(cases).map(({ gradients }) => gradients["convs.2.weight"].norm);
  assert.is(new Set(norms).size, 4);
});

test.run();
