// Batch norm: statistics and running statistics against their formulas, evaluation, fused ReLU, groups, two buffers.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, multiply, relu, sum, tensor, wholeBatch, type SliceOptions, type Tensor } from "../../ts/autograd/index.ts";
import { BatchNorm2d, type BatchNormOptions } from "../../ts/nn/index.ts";
import { normals } from "../autograd/normals.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("nn/batch-norm");

const [N, H, W, C] = [5, 2, 3, 4];
const SIZE = N * H * W * C;

function images(seed: number, options: { slice?: SliceOptions | null; requiresGrad?: boolean } = {}): Tensor {
  const { slice = {}, requiresGrad = false } = options;
  const next = normals(seed);
  const x = tensor(
    Float64Array.from({ length: SIZE }, (_, at) => (at % C) + (1 + (at % C)) * next()),
    [N, H, W, C],
    { requiresGrad },
  );
  x.batch = slice === null ? null : wholeBatch(N, slice);
  return x;
}

/** Mean and biased variance a channel of samples `from` to `to`. */
function moments(x: Tensor, from = 0, to = N): { mean: number[]; variance: number[]; count: number } {
  const all = x.toArray();
  const count = (to - from) * H * W;
  const values = (c: number): number[] => Array.from({ length: count }, (_, row) => all[(from * H * W + row) * C + c]);
  const mean = Array.from({ length: C }, (_, c) => values(c).reduce((total, value) => total + value, 0) / count);
  const variance = mean.map((center, c) => values(c).reduce((total, value) => total + (value - center) * (value - center), 0) / count);
  return { mean, variance, count };
}

function layerWith(options: BatchNormOptions = {}): BatchNorm2d {
  const layer = new BatchNorm2d(C, options);
  if (layer.weight) layer.weight.backend.write(layer.weight.buffer, [0.5, -1, 2, 1.5]);
  if (layer.bias) layer.bias.backend.write(layer.bias.buffer, [0.1, 0.2, -0.3, 0]);
  return layer;
}

function near(got: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.is(got.length, wanted.length, what);
  for (let at = 0; at < wanted.length; at++)
    assert.ok(
      Math.abs(got[at] - wanted[at]) < 1e-12 * Math.max(1, Math.abs(wanted[at])),
      `${what}[${at}]: ${got[at]}, wanted ${wanted[at]}`,
    );
}

function normalized(x: Tensor, layer: BatchNorm2d, mean: readonly number[], variance: readonly number[]): number[] {
  const [weight, bias] = [layer.weight?.toArray(), layer.bias?.toArray()];
  return [...x.toArray()].map((value, at) => {
    const c = at % C;
    return ((value - mean[c]) / Math.sqrt(variance[c] + layer.eps)) * (weight ? weight[c] : 1) + (bias ? bias[c] : 0);
  });
}

for (const slice of [null, {}, { shards: 3 }, { shards: 9 }])
  test(`normalizes with the whole batch's statistics: ${slice === null ? "of no batch" : JSON.stringify(slice)}`, () =>
    inFloat64(() => {
      const x = images(1, { slice });
      const { mean, variance } = moments(x);
      for (const layer of [layerWith(), layerWith({ affine: false }), layerWith({ eps: 0.5 })])
        near(layer.forward(x).toArray(), normalized(x, layer, mean, variance), "y");
    }));

test("running statistics follow the batches, the variance unbiased", () =>
  inFloat64(() => {
    for (const momentum of [0.1, 0.3]) {
      const layer = layerWith({ momentum });
      let [mean, variance] = [new Array<number>(C).fill(0), new Array<number>(C).fill(1)];
      for (let step = 0; step < 3; step++) {
        const x = images(step);
        layer.forward(x);
        const batch = moments(x);
        const unbiased = batch.variance.map((value) => (value * batch.count) / (batch.count - 1));
        mean = mean.map((value, c) => (1 - momentum) * value + momentum * batch.mean[c]);
        variance = variance.map((value, c) => (1 - momentum) * value + momentum * unbiased[c]);
      }
      near(layer.stateDict()["running_mean"].values, mean, "running_mean");
      near(layer.stateDict()["running_var"].values, variance, "running_var");
    }
  }));

test("evaluation uses the running statistics and leaves them", () =>
  inFloat64(() => {
    const layer = layerWith();
    layer.forward(images(1));
    const { running_mean, running_var } = layer.stateDict();
    const x = images(2);
    near(layer.eval().forward(x).toArray(), normalized(x, layer, [...running_mean.values], [...running_var.values]), "y");
    assert.equal(layer.stateDict()["running_mean"], running_mean);
    assert.equal(layer.stateDict()["running_var"], running_var);
    // One sample, and one value a channel, have no statistics of their own.
    assert.is(layer.forward(tensor([[1, 2, 3, 4]])).size, 4);
    assert.throws(() => layer.train().forward(tensor([[1, 2, 3, 4]])), /one value a channel in \[1,4\], wanted at least 2 in training/);
  }));

test("the gradient in evaluation takes the statistics as fixed", () =>
  inFloat64(() => {
    const layer = layerWith();
    layer.forward(images(1));
    const x = images(2, { requiresGrad: true });
    const w = images(3);
    backward(sum(multiply(layer.eval().forward(x), w)));
    const { running_mean, running_var } = layer.stateDict();
    const weight = layer.weight!.toArray();
    const [weights, values] = [w.toArray(), x.toArray()];
    near(
      x.grad!.toArray(),
      [...weights].map((value, at) => (value * weight[at % C]) / Math.sqrt(running_var.values[at % C] + layer.eps)),
      "dx",
    );
    const dweight = new Array<number>(C).fill(0);
    const dbias = new Array<number>(C).fill(0);
    weights.forEach((value, at) => {
      dweight[at % C] += (value * (values[at] - running_mean.values[at % C])) / Math.sqrt(running_var.values[at % C] + layer.eps);
      dbias[at % C] += value;
    });
    near(layer.weight!.grad!.toArray(), dweight, "dweight");
    near(layer.bias!.grad!.toArray(), dbias, "dbias");
    x.grad!.dispose();
    layer.dispose();
  }));

for (const slice of [{ shards: 2 }, { shards: 1, normGroup: 2 }])
  test(`fused ReLU is ReLU after the norm, forward and backward: ${JSON.stringify(slice)}`, () =>
    inFloat64(() => {
      const run = (fused: boolean, training: boolean): ArrayLike<number>[] => {
        const layer = layerWith({ relu: fused }).train(training);
        const x = images(4, { slice, requiresGrad: true });
        const y = fused ? layer.forward(x) : relu(layer.forward(x));
        backward(sum(multiply(y, images(5, { slice }))));
        const found = [y.toArray(), x.grad!.toArray(), layer.weight!.grad!.toArray(), layer.bias!.grad!.toArray()];
        x.grad!.dispose();
        layer.dispose();
        return found;
      };
      for (const training of [true, false]) {
        const separate = run(false, training);
        run(true, training).forEach((values, index) => near(values, separate[index], ["y", "dx", "dweight", "dbias"][index]));
        assert.ok(Array.from(separate[0]).some((value) => value === 0) && Array.from(separate[0]).some((value) => value > 0));
      }
    }));

for (const shards of [1, 2, 3])
  test(`groups of 2 samples normalize by themselves, the last one smaller, in ${shards} shards`, () =>
    inFloat64(() => {
      const layer = layerWith();
      const x = images(6, { slice: { shards, normGroup: 2 } });
      const y = layer.forward(x).toArray();
      const wanted: number[] = [];
      for (const [from, to] of [
        [0, 2],
        [2, 4],
        [4, 5],
      ]) {
        const { mean, variance } = moments(x, from, to);
        wanted.push(...normalized(x, layer, mean, variance).slice(from * H * W * C, to * H * W * C));
      }
      near(y, wanted, "y");
      // Running statistics are of all whole groups together: samples 0 to 3.
      const { mean, variance, count } = moments(x, 0, 4);
      const { running_mean, running_var } = layer.stateDict();
      near(
        running_mean.values,
        mean.map((value) => 0.1 * value),
        "running_mean",
      );
      near(
        running_var.values,
        variance.map((value) => 0.9 + (0.1 * value * count) / (count - 1)),
        "running_var",
      );
    }));

test("a group of the whole batch is whole-batch statistics", () =>
  inFloat64(() => {
    const [whole, grouped] = [layerWith(), layerWith()];
    near(
      grouped.forward(images(7, { slice: { normGroup: N } })).toArray(),
      [...whole.forward(images(7, { slice: { shards: 1 } })).toArray()],
      "y",
    );
    near(grouped.stateDict()["running_var"].values, whole.stateDict()["running_var"].values, "running_var");
  }));

test("with a next buffer the current statistics stay until the step commits", () =>
  inFloat64(() => {
    const layer = layerWith();
    const { running } = layer;
    const before = [...running.toArray()];
    const next = running.backend.allocate(2 * C);
    running.next = next;
    const [first, second] = [images(1), images(2)];
    layer.forward(first);
    assert.equal([...running.toArray()], before);
    assert.ok(running.written);
    // A second forward pass of the same step goes on from the first.
    layer.forward(second);
    const plain = layerWith();
    plain.forward(first);
    plain.forward(second);
    assert.equal([...running.backend.readSync!(next)], [...plain.running.toArray()]);
    assert.equal([...running.toArray()], before);
  }));

test("only the thread with shard 0 writes", () =>
  inFloat64(() => {
    const layer = layerWith();
    const x = images(1, { slice: null });
    const share = (): never => {
      throw new Error("shared");
    };
    x.batch = {
      ...wholeBatch(2 * N, { shards: 2 }),
      first: 1,
      last: 2,
      ranges: [0, 1, 2],
      exchange: { share: (local) => local, later: share },
    };
    // The other thread's half is as this one.
    x.batch = { ...x.batch, exchange: { share: (local) => double(layer, local), later: share } };
    const before = [...layer.running.toArray()];
    layer.forward(x);
    assert.equal([...layer.running.toArray()], before);
    x.batch = { ...x.batch, first: 0, last: 1 };
    layer.forward(x);
    assert.not.equal([...layer.running.toArray()], before);
  }));

function double({ running: { backend } }: BatchNorm2d, local: Parameters<BatchNorm2d["running"]["backend"]["view"]>[0]): typeof local {
  const both = backend.allocate(2 * local.length);
  backend.copy(local, backend.view(both, 0, local.length));
  backend.copy(local, backend.view(both, local.length, local.length));
  return both;
}

test("state keys", () =>
  inFloat64(() => {
    const keys = (options: BatchNormOptions): string[] => new BatchNorm2d(3, options).entries().map(({ key }) => key);
    assert.equal(keys({}), ["weight", "bias", "running_mean", "running_var"]);
    assert.equal(keys({ affine: false }), ["running_mean", "running_var"]);
    assert.equal(
      new BatchNorm2d(3).namedParameters().map(([key]) => key),
      ["weight", "bias"],
    );
  }));

test.run();
