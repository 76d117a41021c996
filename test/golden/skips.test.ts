// One unit with each skip against PyTorch (skips.py): outputs in training and evaluation, gradients of input, weights and the skip's numbers.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, multiply, noGrad, scope, sum, tensor, wholeBatch, withBackend, type Tensor } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/index.ts";
import { SingleUnit } from "../../ts/models/block/unit.ts";
import {
  convolvedStream,
  expanded,
  negative,
  orthogonal,
  probabilistic,
  recursive,
  rezero,
  rezeroConstrained,
  streamBatchNorm,
  streamLayerNorm,
  streamScaling,
  unified,
  type Skip,
  type SkipKind,
} from "../../ts/models/index.ts";
import { Layer, Linear, type StateDict } from "../../ts/nn/index.ts";
import { initial, signed } from "./hash.ts";
import { done, gradientsOf } from "./nets.ts";

type Summary = readonly number[];

interface Case {
  readonly y: Summary;
  readonly evaluated: Summary;
  readonly dx: Summary;
  readonly gradients: Readonly<Record<string, Summary>>;
}

type Golden = Readonly<Record<"maps" | "tokens", Readonly<Record<string, Case>>>>;

const golden = JSON.parse(readFileSync(new URL("./skips.json", import.meta.url), "utf8")) as Golden;
const WIDTH = 4;
const perPosition = streamLayerNorm({ over: "feature" });

const kinds: Readonly<Record<string, SkipKind>> = {
  expected: probabilistic(0.3),
  "scaled stream": streamScaling(),
  "scaled stream, orthogonal": streamScaling(orthogonal()),
  rezero: rezero(),
  "rezero, orthogonal": rezero(orthogonal()),
  negative: negative(),
  "negative, orthogonal": negative(orthogonal()),
  "convolved stream": convolvedStream(),
  "convolved stream, orthogonal": convolvedStream(orthogonal()),
  unified: unified(),
  "unified, per sample": unified({ over: "sample" }),
  "rezero, constrained": rezeroConstrained(),
  expanded: expanded(2),
  "expanded, layer norm": expanded(0.5, { norm: streamLayerNorm() }),
  "expanded, batch norm": expanded(2, { norm: streamBatchNorm() }),
  "expanded, orthogonal, layer norm": expanded(2, { norm: perPosition, inner: orthogonal() }),
  "recursive 1": recursive(1),
  "recursive 2": recursive(2),
  "recursive 2, per position": recursive(2, { norm: perPosition }),
  "recursive 3, shared": recursive(3, { shared: true }),
  "recursive 2, batch norm": recursive(2, { norm: streamBatchNorm() }),
};

class TokenUnit extends Layer {
  readonly fc = new Linear(WIDTH, WIDTH);
  readonly skip: Skip;

  constructor(skip: Skip) {
    super();
    this.skip = skip;
  }

  forward(x: Tensor): Tensor {
    return this.skip.join(x, () => this.fc.forward(x), { training: this.training, input: x });
  }
}

const site = { index: 0, depth: 1, width: WIDTH };
const forms: Readonly<Record<keyof Golden, { readonly shape: readonly number[]; readonly unit: (kind: SkipKind) => Layer }>> = {
  maps: {
    shape: [3, 5, 5, WIDTH],
    unit: (kind) =>
      new SingleUnit({
        ...{ inputs: WIDTH, width: WIDTH, stride: 1, bias: false, downsample: null, sharesActivation: false },
        skip: kind.at(site),
      }),
  },
  tokens: { shape: [3, 7, WIDTH], unit: (kind) => new TokenUnit(kind.at(site)) },
};

function compare(key: string, values: ArrayLike<number>, wanted: Summary): void {
  const numbers = Array.from(values);
  const dot = (text: string): number => numbers.reduce((total, value, at) => total + value * signed(text, numbers.length)[at], 0);
  const found = [Math.sqrt(numbers.reduce((total, value) => total + value * value, 0)), dot(`${key} sum 0`), dot(`${key} sum 1`)];
  found.forEach((value, at) =>
    assert.ok(Math.abs(value - wanted[at]) <= 1e-10 * Math.max(1, wanted[0]), `${key}, sum ${at}: ${value}, wanted ${wanted[at]}`),
  );
}

const test = suite("golden/skips");

for (const [form, { shape, unit: make }] of Object.entries(forms) as [keyof Golden, (typeof forms)[keyof Golden]][])
  for (const [name, kind] of Object.entries(kinds))
    test(`${form}: ${name}`, () =>
      withBackend(createReferenceBackend(), () =>
        scope(() => {
          const wanted = golden[form][name];
          const unit = make(kind);
          const state: StateDict = {};
          for (const entry of unit.entries()) state[entry.key] = { shape: entry.shape, values: initial(entry.key, entry.shape) };
          unit.loadStateDict(state);
          const size = shape.reduce((total, length) => total * length, 1);
          const x = tensor(signed("stream", size), shape, { requiresGrad: true });
          x.batch = wholeBatch(3, { shards: 2 });
          const evaluated = (): void => compare("y", noGrad(() => unit.eval().forward(x)).toArray(), wanted.evaluated);
          const y = unit.train().forward(x);
          if (name === "expected") {
            // Training draws one or the other.
            evaluated();
            return done(unit);
          }
          compare("y", y.toArray(), wanted.y);
          const weights = tensor(signed("weights", size), shape);
          weights.batch = x.batch;
          backward(sum(multiply(y, weights)));
          compare("dx", x.grad!.toArray(), wanted.dx);
          const gradients = gradientsOf(unit);
          assert.equal(Object.keys(gradients).sort(), Object.keys(wanted.gradients).sort());
          for (const [key, { values }] of Object.entries(gradients)) compare(key, values, wanted.gradients[key]);
          evaluated();
          x.grad!.dispose();
          done(unit);
        }),
      ));

test("every case of the file is compared", () => {
  for (const form of ["maps", "tokens"] as const) assert.equal(Object.keys(golden[form]), Object.keys(kinds));
});

test.run();
