// The moving average of weights and running statistics, and the model that runs on it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, tensor, withBackend } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { BatchNorm2d, initialize, Linear, Sequential, type StateDict } from "../../ts/nn/index.ts";
import { ModelEma } from "../../ts/optim/index.ts";
import { normals } from "../autograd/normals.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("optim/ema");

function model(): Sequential {
  return initialize(new Sequential(new Linear(3, 4), new BatchNorm2d(4)));
}

/** Moves every value of a model, running statistics too. */
function stir(net: Sequential, seed: number): StateDict {
  const next = normals(seed);
  const dict = net.stateDict();
  for (const { values } of Object.values(dict)) for (let at = 0; at < values.length; at++) values[at] += Math.abs(next());
  net.loadStateDict(dict);
  return dict;
}

test("average = decay * average + (1 - decay) * value, from the model's first values", () =>
  inFloat64(() => {
    const net = model();
    const decay = 0.9;
    const average = new ModelEma(net, { decay });
    let wanted = net.stateDict();
    assert.equal(average.stateDict(), wanted);
    for (let step = 0; step < 5; step++) {
      const now = stir(net, step);
      average.update();
      wanted = Object.fromEntries(
        Object.entries(wanted).map(([key, { shape, values }]) => [
          key,
          { shape, values: Float64Array.from(values, (value, at) => decay * value + (1 - decay) * now[key].values[at]) },
        ]),
      );
    }
    const got = average.stateDict();
    assert.equal(Object.keys(got), Object.keys(wanted));
    assert.ok(Object.keys(got).includes("1.running_var"));
    for (const [key, { values }] of Object.entries(wanted))
      values.forEach((value, at) => assert.ok(Math.abs(got[key].values[at] - value) < 1e-14, key));
  }));

test("swapped() runs with the averages and puts the values back, even after an error", () =>
  inFloat64(() => {
    const net = model();
    const average = new ModelEma(net, { decay: 0.5 });
    const first = net.stateDict();
    stir(net, 1);
    const now = net.stateDict();
    const x = tensor(Float64Array.from({ length: 6 }, normals(3)), [2, 3]);
    const run = (): number[] => [...noGrad(() => net.eval().forward(x)).toArray()];
    const own = run();
    const averaged = average.swapped(run);
    assert.not.equal(averaged, own);
    assert.equal(net.stateDict(), now);
    net.loadStateDict(first);
    assert.equal(run(), averaged);
    assert.throws(
      () =>
        average.swapped(() => {
          throw new Error("on purpose");
        }),
      /on purpose/,
    );
    assert.equal(net.stateDict(), first);
  }));

test("update() reads the values of a step that is not committed yet and writes beside the current average", () =>
  inFloat64(() => {
    const net = new Linear(1, 1, { bias: false });
    const { backend, buffer } = net.weight;
    backend.write(buffer, [1]);
    const average = new ModelEma(net, { decay: 0.5 });
    const [next, averageNext] = [backend.allocate(1), backend.allocate(1)];
    backend.write(next, [3]);
    net.weight.next = next;
    net.weight.written = true;
    average.averages[0].average.next = averageNext;
    average.update();
    assert.equal([...backend.readSync!(averageNext)], [2]);
    assert.equal([...average.averages[0].average.toArray()], [1]);
  }));

test("a decay that is none is refused; dispose() frees the averages", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const net = model();
    assert.throws(() => new ModelEma(net, { decay: 1 }), /ModelEma: decay 1, wanted at least 0 and below 1/);
    const { buffers } = backend.memoryUse();
    const average = new ModelEma(net);
    assert.is(average.decay, 0.9998);
    assert.ok(backend.memoryUse().buffers > buffers);
    average.dispose();
    assert.is(backend.memoryUse().buffers, buffers);
  });
});

test.run();
