// Sums over a batch: the same bits however the logical shards are spread over threads, for any number of shards; the tree itself;
// and operations that would move a shared batch's samples.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  backward,
  binaryCrossEntropy,
  concat,
  crossEntropy,
  finish,
  matmul,
  max,
  mean,
  meanSquaredError,
  multiply,
  reshape,
  scope,
  shardStart,
  sliceSamples,
  ShardSum,
  sum,
  sumOverSamples,
  tensor,
  transpose,
  treeNodes,
  wholeBatch,
  withBackend,
  type Backend,
  type BatchSlice,
  type Tensor,
} from "../../ts/autograd/index.ts";
import { defaultShards } from "../../ts/shards.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { normals } from "./normals.ts";
import { onThreads, partitions, samplesOf } from "./threads.ts";

const test = suite("autograd/shard-sum");

const WIDTH = 3;

/** Values of very different sizes, so that the order of a sum shows in its bits. */
function values(count: number): Float64Array {
  const next = normals(count + 1);
  return Float64Array.from({ length: count * WIDTH }, () => {
    const z = next();
    return z * 10 ** Math.round(4 * next());
  });
}

/** Part of a batch as a tensor. */
function held(all: Float64Array, slice: BatchSlice): Tensor {
  const [from, to] = samplesOf(slice);
  const x = tensor(all.slice(from * WIDTH, to * WIDTH), [to - from, WIDTH]);
  x.batch = slice;
  return x;
}

/** Sum over samples, in bits. */
function total(backend: Backend, all: Float64Array, slice: BatchSlice): Float64Array {
  return scope(() => {
    const x = held(all, slice);
    const parts = sumOverSamples(backend, slice, x.shape[0], [WIDTH], (from, count, out) => {
      const part = new Float64Array(WIDTH);
      const own = x.toArray();
      for (let at = from * WIDTH; at < (from + count) * WIDTH; at++) part[at % WIDTH] += own[at];
      backend.write(out.buffer, part);
    });
    return Float64Array.from(finish(parts, backend).toArray());
  });
}

/** The same by the definition: shards added in pairs (i, i + 1), (i, i + 2), (i, i + 4), ..., those without samples left out. */
function byDefinition(all: Float64Array, slice: BatchSlice): Float64Array {
  const parts: (Float64Array | null)[] = Array.from({ length: slice.shards }, (_, shard) => {
    const [from, to] = [shardStart(slice, shard), shardStart(slice, shard + 1)];
    if (from === to) return null;
    const part = new Float64Array(WIDTH);
    for (let at = from * WIDTH; at < to * WIDTH; at++) part[at % WIDTH] += all[at];
    return part;
  });
  for (let step = 1; step < slice.shards; step *= 2)
    for (let i = 0; i + step < slice.shards; i += 2 * step) {
      const [left, right] = [parts[i], parts[i + step]];
      parts[i] = left && right ? left.map((value, c) => value + right[c]) : (left ?? right);
    }
  return parts[0] ?? new Float64Array(WIDTH);
}

for (const size of [1, 5, 26])
  test(`a batch of ${size}: every partition of 1 to 6 shards gives the bits of the definition`, () => {
    let cases = 0;
    for (let shards = 1; shards <= 6; shards++)
      for (const normGroup of [0, 2]) {
        const all = values(size);
        const whole = wholeBatch(size, { shards, normGroup });
        const wanted = byDefinition(all, whole);
        const backend = createReferenceBackend();
        withBackend(backend, () => {
          assert.equal(total(backend, all, whole), wanted);
          for (const ranges of partitions(shards)) {
            for (const got of onThreads(backend, whole, ranges, (slice) => total(backend, all, slice))) assert.equal(got, wanted);
            cases++;
          }
        });
      }
    assert.is(cases, 2 * 63);
  });

test("24 shards on 1 to 24 threads, some of them without any shard", () => {
  const all = values(130);
  const whole = wholeBatch(130, { shards: 24 });
  const wanted = byDefinition(all, whole);
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const cuts = [1, 2, 3, 5, 7, 8, 16, 24].map((threads) =>
      Array.from({ length: threads + 1 }, (_, at) => Math.floor((at * 24) / threads)),
    );
    for (const ranges of [...cuts, [0, 0, 24], [0, 9, 9, 9, 24], [0, 24, 24]])
      for (const got of onThreads(backend, whole, ranges, (slice) => total(backend, all, slice))) assert.equal(got, wanted);
  });
});

test("another number of shards, or another order, gives other bits", () => {
  const all = values(26);
  const bits = [1, 2, 3, 4, 5, 6].map((shards) => byDefinition(all, wholeBatch(26, { shards })).join());
  assert.ok(new Set(bits).size > 1);
});

test("a batch has pieces of at least 4 samples, at most 24", () => {
  assert.equal([0, 1, 3, 4, 7, 8, 95, 96, 128, 10_000].map(defaultShards), [1, 1, 1, 1, 1, 2, 23, 24, 24, 24]);
  for (const size of [0, 1, 7, 128])
    for (const shards of [1, 3, 24, 200])
      for (const normGroup of [0, 1, 4]) {
        const slice = wholeBatch(size, { shards, normGroup });
        const starts = Array.from({ length: shards + 1 }, (_, shard) => shardStart(slice, shard));
        assert.equal([starts[0], starts[shards], sliceSamples(slice)], [0, size, size]);
        for (let shard = 0; shard < shards; shard++) {
          assert.ok(starts[shard] <= starts[shard + 1]);
          if (normGroup > 0) assert.ok(starts[shard] % normGroup === 0 || starts[shard] === size, "whole groups");
        }
      }
  assert.throws(() => wholeBatch(4, { shards: 0 }), /batch: 0 shards, wanted a whole number of at least 1/);
});

test("a range of shards is the fewest subtrees that make it up", () => {
  const nodes = (shards: number, first: number, last: number): string =>
    treeNodes(shards, first, last)
      .map(({ from, size }) => `${from}+${size}`)
      .join(" ");
  assert.is(nodes(8, 0, 8), "0+8");
  assert.is(nodes(8, 1, 7), "1+1 2+2 4+2 6+1");
  assert.is(nodes(6, 0, 6), "0+8");
  assert.is(nodes(6, 4, 6), "4+4");
  assert.is(nodes(5, 3, 5), "3+1 4+4");
  assert.is(nodes(5, 2, 2), "");
  assert.is(nodes(1, 0, 1), "0+1");
});

test("on threads the gradient of a leaf stays in parts, in the order of the tape", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const all = values(7);
    const whole = wholeBatch(7, { shards: 5 });
    const gradient = (slice: BatchSlice): Float64Array =>
      scope(() => {
        const w = tensor([0.5, -2, 3], undefined, { requiresGrad: true });
        const x = held(all, slice);
        // w meets the batch twice, and once outside of it.
        backward(add(mean(multiply(multiply(x, w), w)), sum(multiply(w, w))));
        if (slice.exchange === null) return Float64Array.from(w.grad!.toArray());
        assert.is(w.grad, null);
        assert.is(w.pending!.filter((part) => part instanceof ShardSum).length, 2);
        const sums = w.pending!.map((part) => finish(part, backend).toArray());
        return Float64Array.from({ length: WIDTH }, (_, c) => sums.slice(1).reduce((value, next) => value + next[c], sums[0][c]));
      });
    const wanted = gradient(whole);
    for (const ranges of [
      [0, 5],
      [0, 2, 5],
      [0, 1, 2, 3, 4, 5],
      [0, 3, 3, 5],
    ])
      for (const got of onThreads(backend, whole, ranges, gradient)) assert.equal(got, wanted);
  });
});

test("losses are of the whole batch on every thread, also on one without samples", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const all = Float64Array.from({ length: 5 * WIDTH }, normals(6));
    const losses: [string, (x: Tensor, target: Tensor, classes: Tensor) => Tensor][] = [
      ["cross-entropy", (x, _target, classes) => crossEntropy(x, classes, { smoothing: 0.2 })],
      ["soft cross-entropy", (x, target) => crossEntropy(x, target, { smoothing: 0.2 })],
      ["binary cross-entropy", (x, target) => binaryCrossEntropy(x, target)],
      ["squared error", (x, target) => meanSquaredError(x, target)],
      ["mean of maxima", (x) => mean(max(x, { axis: 1 }))],
    ];
    for (const [name, loss] of losses) {
      const run = (slice: BatchSlice): { value: number; rows: [number, string][] } =>
        scope(() => {
          const x = held(all, slice);
          x.requiresGrad = true;
          const target = held(
            all.map((value) => Math.abs(value) / 4),
            slice,
          );
          const [from, to] = samplesOf(slice);
          const classes = tensor([0, 2, 1, 1, 0].slice(from, to));
          classes.batch = slice;
          const value = loss(x, target, classes);
          backward(value);
          const slopes = x.grad!.toArray();
          const rows = Array.from({ length: to - from }, (_, row): [number, string] => [
            from + row,
            slopes.subarray(row * WIDTH, (row + 1) * WIDTH).join(),
          ]);
          x.grad!.dispose();
          return { value: value.item(), rows };
        });
      for (const shards of [3, 8]) {
        const whole = wholeBatch(5, { shards });
        const wanted = run(whole);
        assert.ok(Number.isFinite(wanted.value) && Math.abs(wanted.value - run(wholeBatch(5, { shards: 1 })).value) < 1e-14);
        for (const ranges of [Array.from({ length: shards + 1 }, (_, at) => at), [0, 1, shards], [0, shards - 1, shards]])
          for (const { value, rows } of onThreads(backend, whole, ranges, run)) {
            assert.is(value, wanted.value, name);
            for (const [sample, slopes] of rows) assert.equal([sample, slopes], wanted.rows[sample], name);
          }
      }
    }
  });
});

test("threads that do not meet are noticed", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const all = values(4);
    assert.throws(
      () =>
        onThreads(backend, wholeBatch(4, { shards: 2 }), [0, 1, 2], (slice) => {
          if (slice.first === 0) total(backend, all, slice);
        }),
      /some are done and others wait/,
    );
  });
});

test("what moves the samples of a batch leaves it on one thread, and is an error on several", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const all = values(6);
    const moves: [string, (x: Tensor) => Tensor][] = [
      ["reshape", (x) => reshape(x, [-1])],
      ["transpose", (x) => transpose(x)],
      ["concat", (x) => concat([x, x])],
      ["reshape", (x) => max(x)],
      ["matmul", (x) => matmul(tensor(new Float64Array(2 * x.shape[0]).fill(1), [2, x.shape[0]]), x)],
      ["add", (x) => add(x, tensor(new Float64Array(8 * x.size), [8, ...x.shape]))],
    ];
    for (const [name, move] of moves) {
      scope(() => assert.is(move(held(all, wholeBatch(6, { shards: 2 }))).batch, null, name));
      assert.throws(
        () => onThreads(backend, wholeBatch(6, { shards: 2 }), [0, 1, 2], (slice) => scope(() => move(held(all, slice)).size)),
        new RegExp(`${name}: moves the samples of a batch in .*, wanted them left on axis 0 where threads share a batch`),
      );
    }
    // And what follows is summed over all rows: 12 tokens of 6 samples.
    scope(() => {
      const x = held(all, wholeBatch(6, { shards: 2 }));
      const w = tensor([1], [1, 1], { requiresGrad: true });
      backward(sum(matmul(reshape(x, [18, 1]), w)));
      const wanted = all.reduce((value, next) => value + next, 0);
      assert.ok(Math.abs(w.grad!.item() - wanted) < 1e-9 * Math.max(...all.map(Math.abs)));
    });
    // What keeps them keeps the tag.
    scope(() => {
      const x = held(all, wholeBatch(6));
      for (const y of [
        reshape(x, [6, 3, 1]),
        transpose(reshape(x, [6, 3, 1])),
        add(x, 1),
        concat([x, x], { axis: 1 }),
        sum(x, { axes: 1 }),
      ])
        assert.is(y.batch, x.batch);
      for (const y of [sum(x), mean(x, { axes: 0 }), sum(x, { axes: 0, keepDims: true })]) assert.is(y.batch, null);
    });
  });
});

test.run();
