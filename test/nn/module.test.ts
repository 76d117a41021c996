// Modules: paths, state round trips and their errors, freezing, training mode, initial values by path, disposal.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, scope, sum, tensor, withBackend, type Tensor } from "../../ts/autograd/index.ts";
import "../../ts/autograd/methods.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  GlobalAveragePool,
  init,
  initialize,
  Layer,
  Linear,
  ReLU,
  Sequential,
  uninitialized,
  Variable,
  type StateDict,
} from "../../ts/nn/index.ts";
import { normals } from "../autograd/normals.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("nn/module");

/** A layer with a variable of its own, as a user writes it. */
class Scale extends Layer {
  readonly gain = new Variable([3]);
  readonly count = new Variable([1], { requiresGrad: false });
  readonly none: Variable | null = null;

  override reset(): void {
    init.constant(1)(this.gain);
  }

  forward(x: Tensor): Tensor {
    return x.multiply(this.gain);
  }
}

class Net extends Layer {
  readonly stem = new Conv2d(2, 3, [3, 2], { bias: true });
  readonly units: Layer[] = [new BatchNorm2d(3), new ReLU(), new Sequential(new Conv2d(3, 3, 1), new Dropout(0.5))];
  readonly pool = new GlobalAveragePool();
  readonly fc = new Linear(3, 4);

  forward(x: Tensor): Tensor {
    return this.fc.forward(this.pool.forward(this.units.reduce((value, unit) => unit.forward(value), this.stem.forward(x))));
  }
}

const KEYS = [
  "stem.weight",
  "stem.bias",
  "units.0.weight",
  "units.0.bias",
  "units.0.running_mean",
  "units.0.running_var",
  "units.2.0.weight",
  "fc.weight",
  "fc.bias",
];

function images(): Tensor {
  return tensor(Float64Array.from({ length: 2 * 5 * 4 * 2 }, normals(1)), [2, 5, 4, 2]);
}

function copyOf(dict: StateDict): StateDict {
  return Object.fromEntries(Object.entries(dict).map(([key, { shape, values }]) => [key, { shape, values: Float64Array.from(values) }]));
}

test("variables among a layer's properties are its own", () =>
  inFloat64(() => {
    const model = initialize(new Sequential(new Scale(), new Linear(3, 2)), { seed: 1 });
    assert.equal(Object.keys(model.stateDict()), ["0.gain", "0.count", "1.weight", "1.bias"]);
    assert.equal(
      model.namedParameters().map(([key]) => key),
      ["0.gain", "1.weight", "1.bias"],
    );
    assert.equal([...model.stateDict()["0.gain"].values], [1, 1, 1]);
    backward(sum(model.forward(tensor([[1, 2, 3]]))));
    for (const parameter of model.parameters()) assert.ok(parameter.grad !== null);
    model.dispose();
  }));

test("keys are paths, parameters are what is trained", () =>
  inFloat64(() => {
    const model = new Net();
    assert.equal(Object.keys(model.stateDict()), KEYS);
    assert.equal(
      model.namedParameters().map(([key]) => key),
      KEYS.filter((key) => !key.includes("running")),
    );
    assert.is(model.parameters().length, 7);
    assert.equal(
      model.namedVariables().map(([key]) => key),
      KEYS.filter((key) => !key.includes("running_var")),
      "one variable holds both running statistics",
    );
  }));

test("filters are [K,C,R,S] in the state and [R,S,C,K] in memory", () =>
  inFloat64(() => {
    const model = new Net();
    const [R, S, C, K] = [3, 2, 2, 3];
    assert.equal([...model.stem.weight.shape], [R, S, C, K]);
    // 1000 k + 100 c + 10 r + s.
    const values = Float64Array.from({ length: K * C * R * S }, (_, at) => {
      const [s, r, c, k] = [at % S, Math.floor(at / S) % R, Math.floor(at / (S * R)) % C, Math.floor(at / (S * R * C))];
      return 1000 * k + 100 * c + 10 * r + s;
    });
    model.loadStateDict({ "stem.weight": { shape: [K, C, R, S], values } }, { strict: false });
    const memory = model.stem.weight.toArray();
    for (let r = 0; r < R; r++)
      for (let s = 0; s < S; s++)
        for (let c = 0; c < C; c++)
          for (let k = 0; k < K; k++) assert.is(memory[((r * S + s) * C + c) * K + k], 1000 * k + 100 * c + 10 * r + s);
    const { shape, values: back } = model.stateDict()["stem.weight"];
    assert.equal([...shape], [K, C, R, S]);
    assert.equal([...back], [...values]);
    const grouped = new Conv2d(4, 6, 3, { groups: 2 });
    assert.equal([...grouped.stateDict()["weight"].shape], [6, 2, 3, 3]);
    assert.equal([...new Linear(5, 3).stateDict()["weight"].shape], [3, 5]);
  }));

test("a state goes round: the same values and the same outputs", () =>
  inFloat64(() => {
    const [first, second] = [initialize(new Net(), { seed: 1 }), initialize(new Net(), { seed: 2 })];
    first.forward(images());
    assert.not.equal(second.stateDict(), first.stateDict());
    const result = second.loadStateDict(first.stateDict());
    assert.equal(result, { missing: [], unexpected: [] });
    assert.equal(second.stateDict(), first.stateDict());
    assert.equal([...second.eval().forward(images()).toArray()], [...first.eval().forward(images()).toArray()]);
    // A copy: later changes of one do not reach the other.
    const dict = first.stateDict();
    dict["fc.bias"].values[0] += 1;
    assert.equal(second.stateDict(), first.stateDict());
  }));

test("strict loading names missing and unknown keys and changes nothing", () =>
  inFloat64(() => {
    const model = new Net();
    const before = model.stateDict();
    const dict = copyOf(before);
    dict["fc.bias"].values.fill(7);
    delete dict["stem.weight"];
    dict["head.weight"] = dict["fc.bias"];
    assert.throws(() => model.loadStateDict(dict), /1 keys missing \(stem.weight\), 1 unknown \(head.weight\)/);
    assert.equal(model.stateDict(), before);
    const empty = (): unknown => model.loadStateDict({});
    assert.throws(empty, /9 keys missing \(stem.weight, stem.bias, units.0.weight, \.\.\.\), 0 unknown \(none\)/);
    // PyTorch's counters of batches are no key of ours.
    model.loadStateDict({ ...before, "units.0.num_batches_tracked": { shape: [], values: Float64Array.of(3) } });
  }));

test("loose loading takes what fits by key and reports the rest", () =>
  inFloat64(() => {
    const model = new Net();
    const before = model.stateDict();
    const dict: StateDict = {
      "fc.bias": { shape: [4], values: Float32Array.of(1, 2, 3, 4) },
      "units.0.running_var": { shape: [3], values: Float32Array.of(5, 6, 7) },
      "other.weight": { shape: [1], values: Float32Array.of(1) },
    };
    const { missing, unexpected } = model.loadStateDict(dict, { strict: false });
    assert.equal(
      missing,
      KEYS.filter((key) => key !== "fc.bias" && key !== "units.0.running_var"),
    );
    assert.equal(unexpected, ["other.weight"]);
    const after = model.stateDict();
    assert.equal([...after["fc.bias"].values], [1, 2, 3, 4]);
    assert.equal([...after["units.0.running_var"].values], [5, 6, 7]);
    for (const key of missing) assert.equal(after[key], before[key]);
  }));

test("a wrong shape or length is an error, strict or not, and changes nothing", () =>
  inFloat64(() => {
    const model = new Net();
    const before = model.stateDict();
    for (const strict of [true, false]) {
      const dict = copyOf(before);
      dict["stem.bias"].values.fill(9);
      dict["fc.weight"] = { shape: [3, 4], values: new Float64Array(12) };
      assert.throws(() => model.loadStateDict(dict, { strict }), /loadStateDict: fc.weight of shape \[3,4\], wanted \[4,3\]/);
      dict["fc.weight"] = { shape: [4, 3], values: new Float64Array(11) };
      assert.throws(() => model.loadStateDict(dict, { strict }), /loadStateDict: fc.weight with 11 values, wanted 12 for \[4,3\]/);
    }
    assert.equal(model.stateDict(), before);
  }));

test("freezing by key stops gradients and keeps the parameter listed", () =>
  inFloat64(() => {
    const model = initialize(new Net());
    model.freeze((key) => key.startsWith("stem."));
    assert.is(model.parameters().length, 7);
    backward(sum(model.forward(images())));
    for (const [key, parameter] of model.namedParameters()) {
      assert.is(parameter.frozen, key.startsWith("stem."), key);
      assert.is(parameter.grad === null, key.startsWith("stem."), key);
      parameter.grad?.dispose();
      parameter.grad = null;
    }
    model.freeze((key) => key === "stem.bias", false);
    assert.equal([model.stem.weight.requiresGrad, model.stem.bias!.requiresGrad], [false, true]);
    model.freeze();
    assert.ok(model.parameters().every(({ frozen, requiresGrad }) => frozen && !requiresGrad));
    assert.not.ok(model.namedVariables().find(([key]) => key.endsWith("running_mean"))![1].frozen, "running statistics are no parameters");
    model.freeze(undefined, false);
    assert.ok(model.parameters().every(({ frozen, requiresGrad }) => !frozen && requiresGrad));
  }));

test("train() and eval() reach every module below", () =>
  inFloat64(() => {
    const model = new Net();
    assert.is(model.eval(), model);
    assert.ok([...model.namedModules()].every(([, module]) => !module.training));
    assert.ok([...model.train().namedModules()].every(([, module]) => module.training));
    assert.equal(
      [...model.namedModules()].map(([path]) => path),
      ["", "stem", "units.0", "units.1", "units.2", "units.2.0", "units.2.1", "pool", "fc"],
    );
  }));

test("initial values are a function of seed and path, whatever was made before", () =>
  inFloat64(() => {
    const first = initialize(new Net(), { seed: 4 }).stateDict();
    new Linear(7, 7);
    assert.equal(initialize(new Net(), { seed: 4 }).stateDict(), first);
    assert.not.equal(initialize(new Net(), { seed: 5 }).stateDict()["fc.weight"], first["fc.weight"]);
    // A layer on its own has values too; those inside uninitialized() are zero until they are loaded.
    assert.ok(new Linear(3, 4).weight.toArray().some((value) => value !== 0));
    const bare = uninitialized(() => initialize(new Net(), { seed: 4 }));
    assert.ok(bare.fc.weight.toArray().every((value) => value === 0));
    bare.loadStateDict(first);
    assert.equal(bare.stateDict(), first);
    // initialize() also resets what training moved.
    const used = new Net();
    used.forward(images());
    assert.equal(initialize(used, { seed: 4 }).stateDict(), first);
  }));

test("dispose() frees all variables and gradients", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const model = initialize(new Net());
    scope(() => backward(sum(model.forward(images()))));
    assert.ok(backend.memoryUse().buffers > 8);
    model.dispose();
    assert.is(backend.memoryUse().buffers, 0);
    assert.is(backend.memoryUse().bytes, 0);
  });
});

test("a sequence is its layers in turn, by number", () =>
  inFloat64(() => {
    const [first, second] = [new Linear(6, 2, { bias: false }), new Linear(2, 1)];
    const model = new Sequential(new Flatten(), first, new ReLU(), second);
    assert.equal(
      model.entries().map(({ key }) => key),
      ["1.weight", "3.weight", "3.bias"],
    );
    const x = tensor(Float64Array.from({ length: 12 }, normals(2)), [2, 2, 3]);
    const one = first.forward(x.reshape([2, 6])).relu();
    assert.equal([...model.forward(x).toArray()], [...second.forward(one).toArray()]);
  }));

test.run();
