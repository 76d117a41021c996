// Errors that are modulated on their way back: what a layer gets is its plain error times all factors from the top down, since
// everything between is linear in the error. The forward pass is not touched, and bits do not depend on threads or recomputation.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  backward,
  crossEntropy,
  finish,
  globalAveragePool,
  noGrad,
  scope,
  shardStart,
  tensor,
  wholeBatch,
  withBackend,
  type Backend,
  type BatchSlice,
  type Tensor,
} from "../../../ts/autograd/index.ts";
import { createReferenceBackend, createWasmBackend } from "../../../ts/backend/index.ts";
import { modulated, modulationOf, type ErrorRecord, type ModulationOptions } from "../../../ts/models/modulation/modulated.ts";
import { additive, none, resnetV2 } from "../../../ts/models/index.ts";
import { BatchNorm2d, Conv2d, forwardConvNorm, Layer, Linear, type Module } from "../../../ts/nn/index.ts";
import { onThreads } from "../../autograd/threads.ts";
import { signed } from "../../golden/hash.ts";

const test = suite("models/modulation/modulated");

const kernels = new WebAssembly.Module(readFileSync(new URL("../../../build/strict.wasm", import.meta.url)));
const wasm = (): Backend => createWasmBackend(kernels);

const [N, SIZE] = [7, 6];

/** Conv, batch norm and ReLU, five times: a plain net. Weights of the middle ones are small, so that errors are of many sizes. */
class Plain extends Layer {
  readonly convs: Conv2d[];
  readonly norms: BatchNorm2d[];
  readonly fc = new Linear(4, 10);

  constructor() {
    super();
    this.convs = [3, 4, 4, 4, 4].map((inputs) => new Conv2d(inputs, 4, 3, { padding: 1 }));
    this.norms = this.convs.map(() => new BatchNorm2d(4, { relu: true }));
    this.norms.forEach((norm, index) => {
      const gain = [1, 0.05, 1, 6, 1][index];
      norm.weight!.backend.write(
        norm.weight!.buffer,
        signed(`norm ${index}`, 4).map((value) => gain * (1 + 0.3 * value)),
      );
    });
  }

  forward(x: Tensor): Tensor {
    const y = this.convs.reduce((value, conv, index) => forwardConvNorm(conv, this.norms[index], value), x);
    return this.fc.forward(globalAveragePool(y));
  }
}

interface Passed {
  readonly loss: number;
  readonly logits: Float64Array;
  readonly gradients: Record<string, Float64Array>;
  readonly records: ErrorRecord[];
}

interface PassOptions {
  readonly step?: number;
  readonly scale?: number;
  readonly slice?: BatchSlice;
}

/** One forward and backward pass of what a thread holds. */
function pass(model: Layer, { step = 0, scale = 1, slice = wholeBatch(N, { shards: 3, step }) }: PassOptions = {}): Passed {
  return scope(() => {
    const [from, to] = [shardStart(slice, slice.first), shardStart(slice, slice.last)];
    const length = SIZE * SIZE * 3;
    const x = tensor(signed("images", N * length).slice(from * length, to * length), [to - from, SIZE, SIZE, 3]);
    const labels = tensor([1, 4, 9, 0, 2, 4, 7].slice(from, to));
    x.batch = labels.batch = slice;
    const logits = model.forward(x);
    const loss = crossEntropy(logits, labels);
    backward(loss, { gradient: tensor([scale], loss.shape) });
    const gradients = Object.fromEntries(
      model.namedParameters().map(([key, { pending, grad, backend }]) => {
        const parts = (pending ?? [grad!]).map((part) => finish(part, backend));
        return [key, Float64Array.from(parts.reduce((sum, part) => add(sum, part)).toArray())];
      }),
    );
    for (const parameter of model.parameters()) {
      parameter.grad?.dispose();
      parameter.grad = null;
      parameter.pending = null;
    }
    return { loss: loss.item(), logits: Float64Array.from(logits.toArray()), gradients, records: modulationOf(model)?.drain() ?? [] };
  });
}

function within<T>(backend: Backend, work: () => T): T {
  return withBackend(backend, () => scope(work));
}

/** One pass of a new model. */
function once(options: ModulationOptions | null, rest: PassOptions = {}, make: () => Layer = () => new Plain()): Passed {
  return within(createReferenceBackend(), () => pass(options ? modulated(make(), options) : make(), rest));
}

function near(got: number, wanted: number, what: string, tolerance = 1e-11): void {
  assert.ok(Math.abs(got - wanted) <= tolerance * Math.abs(wanted), `${what}: ${got}, wanted ${wanted}`);
}

const layers = [0, 1, 2, 3, 4].map((index) => `convs.${index}`);

test("records the mean squares of the errors at both sides of every convolution", () =>
  within(createReferenceBackend(), () => {
    const model = modulated(new Plain(), { tau: Infinity, recordEvery: 1 });
    // The errors themselves: gradients of what is added to the outputs and inputs.
    const slice = wholeBatch(N, { shards: 3 });
    const x = tensor(signed("images", N * SIZE * SIZE * 3), [N, SIZE, SIZE, 3]);
    const labels = tensor([1, 4, 9, 0, 2, 4, 7]);
    x.batch = labels.batch = slice;
    const outputs: Tensor[] = [];
    const inputs: Tensor[] = [];
    const leaf = (like: Tensor): Tensor => {
      const made = tensor(like.toArray().slice(), like.shape, { requiresGrad: true });
      made.batch = slice;
      return made;
    };
    // Step by step, each layer from leaves of its own.
    const { convs, norms, fc } = new Plain();
    let value = x;
    for (const [index, conv] of convs.entries()) {
      inputs.push(leaf(value));
      outputs.push(leaf(conv.forward(inputs[index])));
      value = norms[index].forward(outputs[index]);
    }
    backward(crossEntropy(fc.forward(globalAveragePool(value)), labels));
    for (let index = 4; index >= 0; index--) {
      backward(convs[index].forward(inputs[index]), { gradient: outputs[index].grad! });
      if (index > 0) backward(norms[index - 1].forward(outputs[index - 1]), { gradient: inputs[index].grad! });
    }
    const square = ({ grad, size }: Tensor): number =>
      Float64Array.from(grad!.toArray()).reduce((sum, error) => sum + error * error, 0) / size;
    const [record, ...more] = pass(model).records;
    assert.is(more.length, 0);
    assert.equal(
      record.layers.map(({ layer }) => layer),
      layers,
    );
    record.layers.forEach(({ output, input, factor }, index) => {
      near(output, square(outputs[index]), `output of ${index}`);
      assert.is(factor, 1);
      // Images learn nothing: no error is sent to them.
      if (index === 0) assert.is(input, null);
      else near(input!, square(inputs[index]), `input of ${index}`);
    });
    near(record.ratio, square(outputs[0]) / square(outputs[4]), "ratio");
    assert.is(record.modulated, 0);
    assert.is(record.measure, "errors");
    for (const layer of [convs, norms, [fc]].flat()) for (const { grad } of layer.parameters()) grad?.dispose();
    for (const { grad } of [...inputs, ...outputs]) grad?.dispose();
  }));

for (const [label, options] of [
  ["tau 2", {}],
  ["tau 1", { tau: 1 }],
  ["tau 1.2, clamped to 0.5 to 1.5", { tau: 1.2, clamp: [0.5, 1.5] }],
  ["tau 2, some layers", { which: (path: string) => path !== "convs.3" }],
] as const)
  test(`gradients are the plain ones times all factors from the top down: ${label}`, () => {
    const plain = once({ tau: Infinity, recordEvery: 1, ...("which" in options && { which: options.which }) });
    const bare = once(null);
    assert.equal(plain.gradients, bare.gradients, "recording changes no bit");
    const got = once({ ...options, recordEvery: 1 });
    assert.equal([got.loss, got.logits], [bare.loss, bare.logits], "the forward pass");
    const [tau, [low, high]] = ["tau" in options ? options.tau : 2, "clamp" in options ? options.clamp : [0.1, 10]];
    let product = 1;
    let above: number | null = null;
    const factors: number[] = [];
    const own = new Map(got.records[0].layers.map((errors) => [errors.layer, errors]));
    for (const { layer, output } of plain.records[0].layers.slice().reverse()) {
      const q = product * product * output;
      const ratio: number = above === null ? 1 : above / q;
      const factor = ratio > tau || ratio < 1 / tau ? Math.min(high, Math.max(low, Math.sqrt(ratio))) : 1;
      near(own.get(layer)!.factor, factor, `factor of ${layer}`);
      near(own.get(layer)!.output, factor * factor * q, `output of ${layer}`);
      factors.push(factor);
      above = factor * factor * q;
      product *= factor;
      const [wanted, changed] = [plain.gradients[`${layer}.weight`], got.gradients[`${layer}.weight`]];
      const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      changed.forEach((value, at) => assert.ok(Math.abs(value - product * wanted[at]) < 1e-11 * product * largest, `${layer}[${at}]`));
    }
    const modulatedLayers = factors.filter((factor) => factor !== 1).length;
    assert.ok(modulatedLayers >= 2, `${modulatedLayers} layers modulated: the net shows nothing`);
    assert.is(got.records[0].modulated, modulatedLayers / factors.length);
    assert.equal(got.gradients["fc.weight"], bare.gradients["fc.weight"]);
  });

test("with tau 1 every layer gets an error as large as the top one", () => {
  const [{ layers: found, ratio }] = once({ tau: 1, clamp: [1e-6, 1e6], recordEvery: 1 }).records;
  for (const { output } of found) near(output, found[4].output, "output");
  near(ratio, 1, "ratio");
});

test("vanished errors are left alone", () => {
  const scale = 1e-16;
  assert.equal(once({ tau: 1 }, { scale }).gradients, once(null, { scale }).gradients);
});

test("only before a step, and a record every few", () =>
  within(createReferenceBackend(), () => {
    const plain = pass(new Plain()).gradients;
    const model = modulated(new Plain(), { tau: 1, before: 3, recordEvery: 2 });
    const outcomes = [0, 1, 2, 3, 4].map((step) => pass(model, { step }));
    outcomes.forEach(({ gradients, records }, step) => {
      assert.is(gradients["convs.0.weight"].join() === plain["convs.0.weight"].join(), step >= 3, `step ${step}`);
      assert.equal(
        records.map((record) => [record.step, record.modulated > 0]),
        step % 2 === 0 ? [[step, step < 3]] : [],
      );
    });
  }));

/** Names of the kernels that `work` runs. */
function kernelsOf(backend: Backend, work: () => unknown): string[] {
  const names: string[] = [];
  const { run } = backend;
  const watched: Backend["run"] = (kernel, operands, numbers) => {
    names.push(kernel.name);
    run.call(backend, kernel as never, operands as never, numbers as never);
  };
  backend.run = watched;
  try {
    work();
  } finally {
    backend.run = run;
  }
  return names;
}

test("evaluation is folded as ever, and a net that is neither modulated nor recorded runs the same kernels", () => {
  const backend = createReferenceBackend();
  within(backend, () => {
    const [plain, tapped] = [new Plain(), modulated(new Plain(), { tau: Infinity, recordEvery: 5 })];
    const evaluate = (model: Layer): string[] =>
      kernelsOf(backend, () => scope(() => noGrad(() => model.eval().forward(tensor(signed("x", 108), [1, 6, 6, 3])))));
    const folded = evaluate(plain);
    assert.equal(evaluate(tapped), folded);
    assert.ok(folded.includes("relu_f32"), "folded, the ReLU stands alone");
    const train = (model: Layer, step: number): string[] => kernelsOf(backend, () => pass(model.train(), { step }));
    const trained = train(plain, 1);
    assert.equal(train(tapped, 1), trained);
    assert.ok(train(tapped, 5).length > trained.length);
    // Evaluation that is recorded is not training.
    assert.equal(
      kernelsOf(backend, () => scope(() => tapped.eval().forward(tensor(signed("x", 108), [1, 6, 6, 3])))),
      kernelsOf(backend, () => scope(() => plain.eval().forward(tensor(signed("x", 108), [1, 6, 6, 3])))),
    );
  });
});

for (const [label, skip] of [
  ["plain", none],
  ["residual", additive],
] as const) {
  const net = (checkpointBlocks?: number): Layer =>
    resnetV2({ depth: 20, width: 2, skip: skip(), seed: 2, ...(checkpointBlocks !== undefined && { checkpointBlocks }) });

  test(`recomputation changes no bit: a ${label} net`, () => {
    const options = { tau: 1.05, recordEvery: 1 };
    for (const make of [createReferenceBackend, wasm])
      within(make(), () => {
        const wanted = pass(modulated(net(), options));
        assert.ok(wanted.records[0].modulated > 0.2, `${wanted.records[0].modulated} modulated`);
        assert.equal(pass(modulated(net(1), options)), wanted);
        assert.equal(pass(modulated(net(3), options)), wanted);
      });
  });

  for (const [name, make] of [
    ["float64 reference", createReferenceBackend],
    ["float32 wasm", wasm],
  ] as const)
    test(`threads give the bits of one: a ${label} net, ${name}`, () => {
      const backend = make();
      withBackend(backend, () => {
        for (const shards of [3, 9]) {
          const whole = wholeBatch(N, { shards });
          const step = (slice: BatchSlice): Passed =>
            scope(() => pass(modulated(resnetV2({ depth: 8, width: 2, skip: skip(), seed: 2 }), { tau: 1.05, recordEvery: 1 }), { slice }));
          const wanted = step(whole);
          for (const ranges of [[0, Math.ceil(shards / 2), shards], Array.from({ length: shards + 1 }, (_, at) => at)])
            for (const { loss, gradients, records } of onThreads(backend, whole, ranges, step)) {
              assert.equal(gradients, wanted.gradients);
              assert.equal([loss, records], [wanted.loss, wanted.records]);
            }
        }
      });
    });
}

test("every forward pass has a chain of its own", () =>
  within(createReferenceBackend(), () => {
    const model = modulated(new Plain(), { tau: 1, recordEvery: 1 });
    const [first] = pass(model).records;
    const x = tensor(signed("images", N * SIZE * SIZE * 3), [N, SIZE, SIZE, 3]);
    const labels = tensor([1, 4, 9, 0, 2, 4, 7]);
    x.batch = labels.batch = wholeBatch(N, { shards: 3 });
    // Two losses before their backward passes, the older one first; and one that is never gone back through.
    const losses = [0, 1, 2].map(() => crossEntropy(model.forward(x), labels));
    for (const loss of losses.slice(0, 2)) backward(loss);
    assert.equal(modulationOf(model)!.drain(), [first, first]);
    for (const { grad } of model.parameters()) grad?.dispose();
  }));

test("layers shared within a pass count at each place", () =>
  within(createReferenceBackend(), () => {
    class Twice extends Layer {
      readonly conv = new Conv2d(3, 3, 3, { padding: 1 });
      readonly fc = new Linear(3, 10);

      forward(x: Tensor): Tensor {
        return this.fc.forward(globalAveragePool(this.conv.forward(this.conv.forward(x))));
      }
    }
    const [{ layers: found }] = pass(modulated(new Twice(), { tau: Infinity, recordEvery: 1 })).records;
    assert.equal(
      found.map(({ layer, input }) => [layer, input === null]),
      [
        ["conv", true],
        ["conv", false],
      ],
    );
    assert.ok(found[0].output === found[1].input);
  }));

test("frozen layers and calls without a batch", () =>
  within(createReferenceBackend(), () => {
    const model = modulated(new Plain(), { tau: 1, recordEvery: 2 });
    model.freeze((key) => key.startsWith("convs.0") || key.startsWith("norms.0"));
    const x = tensor(signed("images", SIZE * SIZE * 3), [1, SIZE, SIZE, 3]);
    for (let call = 0; call < 3; call++) scope(() => backward(crossEntropy(model.forward(x), tensor([1]))));
    assert.equal(
      modulationOf(model)!
        .drain()
        .map(({ step, layers: found }) => [step, found.map(({ layer }) => layer)]),
      [
        [0, layers.slice(1)],
        [2, layers.slice(1)],
      ],
    );
    for (const { grad } of model.parameters()) grad?.dispose();
  }));

test("what cannot be modulated is refused", () =>
  within(createReferenceBackend(), () => {
    class Bare extends Layer {
      forward(x: Tensor): Tensor {
        return x;
      }
    }
    assert.throws(() => modulated(new Bare()), /modulated: 0 convolutions, wanted at least 1/);
    const model = modulated(new Plain());
    assert.throws(() => modulated(model), /a model that is modulated already/);
    assert.throws(
      () =>
        modulated(
          new (class extends Bare {
            readonly inner = model.convs[1];
          })(),
        ),
      /the convolution inner of a model that is modulated already/,
    );
    assert.throws(
      () => model.convs[1].forward(tensor(signed("x", 144), [1, 6, 6, 4])),
      /modulation: convs.1 called beside the model's forward/,
    );
    assert.throws(() => modulated(new Plain(), { recordEvery: 0.5 }), /a record every 0.5 steps, wanted a whole number/);
    assert.throws(() => modulated(new Plain(), { before: -1 }), /before step -1, wanted at least 0/);
    const other: Module = new Plain();
    assert.is(modulationOf(other), null);
  }));

test("leaves no buffer behind", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const model = modulated(new Plain(), { tau: 1, recordEvery: 1 });
    const { buffers } = backend.memoryUse();
    pass(model);
    assert.is(backend.memoryUse().buffers, buffers);
    model.dispose();
  });
});

test.run();
