// What optimizers share: groups, gradients used up or kept, frozen parameters, ranges, two buffers, state by key, errors.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, multiply, scope, sum, tensor, withBackend } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { resnetV2 } from "../../ts/models/index.ts";
import { BatchNorm2d, Linear, Sequential, Variable } from "../../ts/nn/index.ts";
import { Adam, AdamW, parameterGroups, SGD, type Optimizer } from "../../ts/optim/index.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("optim/optimizer");

function variable(values: readonly number[]): Variable {
  const made = new Variable([values.length]);
  made.backend.write(made.buffer, values);
  return made;
}

/** Sets gradients: w times the given factors. */
function grade(w: Variable, factors: readonly number[]): void {
  scope(() => backward(sum(multiply(w, tensor(factors)))));
}

test("a step uses gradients up unless they are to be kept", () =>
  inFloat64(() => {
    const w = variable([1, 2]);
    const optimizer = new SGD([w], { lr: 0.5, momentum: 0 });
    grade(w, [1, -1]);
    optimizer.step({ keepGradients: true });
    assert.equal([...w.toArray()], [0.5, 2.5]);
    assert.equal([...w.grad!.toArray()], [1, -1]);
    optimizer.step();
    assert.equal([...w.toArray()], [0, 3]);
    assert.is(w.grad, null);
    // Without a gradient a parameter stays.
    optimizer.step();
    assert.equal([...w.toArray()], [0, 3]);
    assert.is(optimizer.steps, 3);
    grade(w, [1, 1]);
    optimizer.zeroGrad();
    assert.is(w.grad, null);
  }));

test("gradientScale multiplies all gradients", () =>
  inFloat64(() => {
    for (const make of [(w: Variable): Optimizer => new SGD([w], { lr: 0.5 }), (w: Variable): Optimizer => new AdamW([w], { lr: 0.1 })]) {
      const [scaled, plain] = [variable([1, 2]), variable([1, 2])];
      const [a, b] = [make(scaled), make(plain)];
      for (let step = 0; step < 3; step++) {
        grade(scaled, [4, -8]);
        grade(plain, [1, -2]);
        a.step({ gradientScale: 0.25 });
        b.step();
      }
      assert.equal([...scaled.toArray()], [...plain.toArray()]);
    }
  }));

test("a frozen parameter stays, with its momentum", () =>
  inFloat64(() => {
    const model = new Linear(2, 1);
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const before = model.stateDict();
    grade(model.bias!, [1]);
    model.freeze((key) => key === "bias");
    optimizer.step();
    assert.equal(model.stateDict(), before);
    assert.is(model.bias!.grad, null);
    model.freeze(undefined, false);
    grade(model.bias!, [1]);
    optimizer.step();
    assert.ok(Math.abs(model.stateDict()["bias"].values[0] - (before["bias"].values[0] - 0.1)) < 1e-15);
  }));

test("a parameter counts the updates that it took part in: the first of each is a first one", () =>
  inFloat64(() => {
    for (const make of [
      (all: Variable[]): Optimizer => new SGD(all, { lr: 0.1, dampening: 0.5 }),
      (all: Variable[]): Optimizer => new Adam(all, { lr: 0.1 }),
    ]) {
      const [early, late, alone] = [variable([1, 2]), variable([3]), variable([3])];
      const optimizer = make([early, late]);
      for (let step = 0; step < 3; step++) {
        grade(early, [1, -1]);
        optimizer.step();
      }
      const other = make([alone]);
      for (let step = 0; step < 2; step++) {
        grade(late, [2]);
        optimizer.step();
        grade(alone, [2]);
        other.step();
      }
      assert.equal([...late.toArray()], [...alone.toArray()]);
      assert.equal([optimizer.steps, ...optimizer.slots.map(({ steps }) => steps)], [5, 3, 2]);
    }
  }));

test("the learning rate may change between steps, and groups scale it", () =>
  inFloat64(() => {
    const [a, b] = [variable([0]), variable([0])];
    const optimizer = new SGD([{ parameters: [a] }, { parameters: [b], lrScale: 0.5 }], { lr: 1, momentum: 0 });
    for (const lr of [1, 0.25]) {
      optimizer.lr = lr;
      grade(a, [1]);
      grade(b, [1]);
      optimizer.step();
    }
    assert.is(a.item(), -1.25);
    assert.is(b.item(), -0.625);
  }));

test("any division of a parameter into ranges gives the same bits", () =>
  inFloat64(() => {
    const size = 23;
    const start = Array.from({ length: size }, (_, at) => Math.sin(at + 1));
    const factors = Array.from({ length: size }, (_, at) => Math.cos(3 * at));
    for (const make of [
      (w: Variable): Optimizer => new SGD([w], { lr: 0.1, weightDecay: 0.01, nesterov: true }),
      (w: Variable): Optimizer => new Adam([w], { lr: 0.1, weightDecay: 0.01 }),
    ]) {
      const [whole, parts] = [variable(start), variable(start)];
      const [a, b] = [make(whole), make(parts)];
      for (let step = 0; step < 4; step++) {
        grade(whole, factors);
        a.step();
        grade(parts, factors);
        const { backend } = parts;
        for (const [from, to] of [
          [13, 23],
          [0, 1],
          [1, 13],
        ])
          b.update(b.slots[0], from, to - from, backend.view(parts.grad!.buffer, from, to - from), 1);
        b.zeroGrad();
        b.count([]);
      }
      assert.equal([...parts.toArray()], [...whole.toArray()]);
      assert.equal([...b.slots[0].state[0].toArray()], [...a.slots[0].state[0].toArray()]);
    }
  }));

test("with next buffers an update reads the current values and writes the next", () =>
  inFloat64(() => {
    for (const make of [(w: Variable): Optimizer => new SGD([w], { lr: 0.1 }), (w: Variable): Optimizer => new AdamW([w], { lr: 0.1 })]) {
      const [double, plain] = [variable([1, 2]), variable([1, 2])];
      const [a, b] = [make(double), make(plain)];
      const all = [double, ...a.slots[0].state];
      for (let step = 0; step < 3; step++) {
        for (const one of all) one.next = one.backend.allocate(one.size);
        const before = [...double.toArray()];
        for (const w of [double, plain]) grade(w, [1, -3]);
        a.step();
        b.step();
        assert.equal([...double.toArray()], before);
        for (const one of all) {
          one.bind(one.next!, null);
        }
        assert.equal([...double.toArray()], [...plain.toArray()]);
      }
    }
  }));

test("state is named by parameter and by PyTorch's names", () =>
  inFloat64(() => {
    const model = new Linear(2, 3);
    const names = (optimizer: Optimizer): string[] => optimizer.namedState(model).map(([key]) => key);
    assert.equal(names(new SGD(model.parameters())), ["weight.momentum_buffer", "bias.momentum_buffer"]);
    assert.equal(names(new Adam(model.parameters())), ["weight.exp_avg", "weight.exp_avg_sq", "bias.exp_avg", "bias.exp_avg_sq"]);
    assert.throws(() => new SGD([variable([1])]).namedState(model), /a parameter that is not of this model/);
  }));

test("parameterGroups leaves norms and biases without decay, as timm", () =>
  inFloat64(() => {
    const model = resnetV2({ depth: 8, width: 2 });
    const keys = new Map(model.namedParameters().map(([key, parameter]) => [parameter, key]));
    const [decayed, plain, ...more] = parameterGroups(model, { weightDecay: 0.05 });
    assert.equal(more, []);
    assert.equal([decayed.weightDecay, plain.weightDecay], [0.05, 0]);
    const decayedKeys = decayed.parameters.map((parameter) => keys.get(parameter)!);
    assert.equal(
      decayedKeys,
      [...keys.values()].filter((key) => /conv\d?\.weight$|fc\.weight$/.test(key)),
    );
    assert.is(decayed.parameters.length + plain.parameters.length, keys.size);
    assert.ok(plain.parameters.every(({ shape }) => shape.length === 1));
    const all = parameterGroups(model, { weightDecay: 0.05, decayAll: true });
    assert.equal(
      all.map(({ parameters, weightDecay }) => [parameters.length, weightDecay]),
      [[keys.size, 0.05]],
    );
    assert.is(parameterGroups(model).length, 1);
    assert.is(parameterGroups(new Sequential(new BatchNorm2d(2)), { weightDecay: 0.1 }).length, 1, "no empty group");
    // In use: a weight shrinks, a bias without gradient but zero stays.
    const small = new Linear(1, 1);
    small.loadStateDict({ weight: { shape: [1, 1], values: [2] }, bias: { shape: [1], values: [2] } } as never);
    const optimizer = new SGD(parameterGroups(small, { weightDecay: 0.5 }), { lr: 0.1, momentum: 0 });
    scope(() => backward(sum(multiply(small.forward(tensor([[0]])), 0))));
    optimizer.step();
    assert.equal([small.weight.item(), small.bias!.item()], [1.9, 2]);
  }));

test("errors", () =>
  inFloat64(() => {
    const w = variable([1]);
    const optimizer = new SGD([new Variable([1])]);
    optimizer.lr = NaN;
    assert.throws(() => optimizer.step(), /optimizer: learning rate NaN, wanted at least 0/);
    assert.throws(() => new SGD([]), /optimizer: no parameters, wanted at least one/);
    assert.throws(() => new SGD([{ parameters: [w] }, { parameters: [w] }]), /optimizer: a parameter in two groups, wanted each once/);
    assert.throws(() => new SGD([w], { lr: -1 }), /optimizer: learning rate -1, wanted at least 0/);
    assert.throws(() => new SGD([w], { nesterov: true, momentum: 0 }), /SGD: nesterov with momentum 0 and dampening 0/);
    assert.throws(() => new SGD([w], { nesterov: true, dampening: 0.1 }), /SGD: nesterov with momentum 0.9 and dampening 0.1/);
    assert.throws(() => new Adam([w], { betas: [0.9, 1] }), /Adam: beta 1, wanted at least 0 and below 1/);
  }));

test("dispose() frees the state", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const w = variable([1, 2]);
    const optimizer = new Adam([w]);
    assert.is(backend.memoryUse().buffers, 3);
    optimizer.dispose();
    assert.is(backend.memoryUse().buffers, 1);
  });
});

test.run();
