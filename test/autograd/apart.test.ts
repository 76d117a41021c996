// A batch whose shards' sums are kept apart: the same bits as without, each shard's own sum at hand; and who looks on at operations.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  backward,
  crossEntropy,
  finish,
  heldNodes,
  matmul,
  mean,
  multiply,
  relu,
  scope,
  ShardSum,
  sum,
  tensor,
  watched,
  wholeBatch,
  withBackend,
  type BatchSlice,
  type Tensor,
} from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { normals } from "./normals.ts";
import { onThreads, partitions, samplesOf } from "./threads.ts";

const test = suite("autograd/apart");
const WIDTH = 3;
const SAMPLES = 7;
const SHARDS = 5;

const next = normals(3);
/** Values of very different sizes, so that the order of a sum shows in its bits. */
const all = Float64Array.from({ length: SAMPLES * WIDTH }, () => next() * 2 ** Math.round(9 * next()));

function held(slice: BatchSlice): Tensor {
  const [from, to] = samplesOf(slice);
  const x = tensor(all.slice(from * WIDTH, to * WIDTH), [to - from, WIDTH]);
  x.batch = slice;
  return x;
}

interface Found {
  readonly loss: number;
  /** Gradient of each leaf, summed up. */
  readonly gradients: string[];
  /** Single shards' contributions to the first leaf's. */
  readonly parts: string[];
}

function learn(slice: BatchSlice): Found {
  return scope(() => {
    const x = held(slice);
    const w = tensor([1, -2, 3, 0.5, 1, -1, 2, 0.1, 0.2], [WIDTH, WIDTH], { requiresGrad: true });
    const b = tensor([0.1, 0.2, 0.3], [WIDTH], { requiresGrad: true });
    const [from, to] = samplesOf(slice);
    const classes = tensor(Array.from({ length: to - from }, (_, at) => (from + at) % WIDTH));
    classes.batch = slice;
    const logits = add(matmul(relu(matmul(x, w)), w), b);
    const loss = add(crossEntropy(logits, classes), mean(multiply(sum(logits, { axes: 0 }), b)));
    backward(loss);
    const parts = w.pending?.flatMap((part) => (part instanceof ShardSum ? part.values.map((value) => value?.toArray().join() ?? "") : []));
    const gradients = [w, b].map(({ grad, pending, backend }) => {
      if (grad !== null) return grad.toArray().join();
      const sums = pending!.map((part) => finish(part, backend).toArray());
      return sums.reduce((whole, part) => whole.map((value, at) => value + part[at])).join();
    });
    return { loss: loss.item(), gradients, parts: parts ?? [] };
  });
}

test("the same bits on any threads, and each shard's contribution", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const wanted = learn(wholeBatch(SAMPLES, { shards: SHARDS }));
    assert.equal(wanted.parts, []);
    const whole = wholeBatch(SAMPLES, { shards: SHARDS, apart: true });
    const alone = learn(whole);
    assert.is(alone.parts.length, 2 * SHARDS);
    assert.is(new Set(alone.parts).size, 2 * SHARDS);
    let runs = 0;
    for (const ranges of partitions(SHARDS)) {
      const threads = ranges.length === 2 ? [alone] : onThreads(backend, whole, ranges, learn);
      for (const { loss, gradients } of threads) assert.equal([loss, ...gradients], [wanted.loss, ...wanted.gradients]);
      // Two contributions, each by shard: thread after thread they are those of one thread.
      const joined = [0, 1].flatMap((which) =>
        threads.flatMap(({ parts }) => parts.slice((which * parts.length) / 2, ((which + 1) * parts.length) / 2)),
      );
      assert.equal(joined, alone.parts);
      runs++;
    }
    assert.is(runs, 2 ** (SHARDS - 1));
  });
});

test("a thread holds single shards where they are kept apart, else the largest subtrees", () => {
  const sizes = (apart: boolean): number[] => heldNodes({ shards: 6, apart }, 1, 6).map(({ size }) => size);
  assert.equal(sizes(false), [1, 2, 4]);
  assert.equal(sizes(true), [1, 1, 1, 1, 1]);
});

test("who looks on is told of every operation in order, and of none outside", () => {
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = tensor([1, -2], [2]);
      const told: string[] = [];
      const y = watched(
        (name, result, inputs) => told.push(`${name} ${result.toArray().join()} of ${inputs.length}`),
        () => relu(add(x, x)),
      );
      relu(y);
      assert.equal(told, ["add 2,-4 of 2", "relu 2,0 of 1"]);
    }),
  );
});

test.run();
