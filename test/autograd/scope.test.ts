// Who frees what: scopes, kept tensors, dispose, aliases, and a training step that leaves no buffer behind.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  backward,
  crossEntropy,
  currentBackend,
  full,
  gradients,
  isRecording,
  keep,
  multiply,
  noGrad,
  reshape,
  scope,
  setBackend,
  sum,
  tensor,
  wholeBatch,
  withBackend,
  type Backend,
  type SliceOptions,
  type Tensor,
} from "../../ts/autograd/index.ts";
import "../../ts/autograd/methods.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { observed, orthogonal, resnetV2, StreamRecorder } from "../../ts/models/index.ts";
import { Conv2d, Dropout, GlobalAveragePool, GroupNorm, initialize, LayerNorm, Linear, Sequential } from "../../ts/nn/index.ts";
import { AdamW, clipGradNorm, ModelEma, parameterGroups, SGD } from "../../ts/optim/index.ts";
import { normals } from "./normals.ts";

const test = suite("autograd/scope");

/** Runs on a backend of its own and returns how many buffers are left. */
function left(work: () => void): number {
  const backend = createReferenceBackend();
  withBackend(backend, work);
  return backend.memoryUse().buffers;
}

test("a scope frees what was made in it but for what it returns or keeps", () => {
  let kept: Tensor | null = null;
  let inner: Tensor | null = null;
  const buffers = left(() => {
    const result = scope(() => {
      inner = full([4], 1);
      kept = keep(multiply(inner, 2));
      return add(kept, inner);
    });
    assert.ok(inner!.freed);
    assert.not.ok(kept!.freed);
    assert.equal([...result.toArray()], [3, 3, 3, 3]);
    assert.throws(() => inner!.toArray(), /tensor \[4\]: freed at the end of its scope, wanted a live one; keep\(\)/);
    result.dispose();
    kept!.dispose();
    kept!.dispose();
  });
  assert.is(buffers, 0);
});

test("what a scope returns in arrays and plain objects survives, into the scope around it", () => {
  const buffers = left(() => {
    scope(() => {
      const found = scope(() => ({ list: [full([1], 1), full([1], 2)], deep: { value: full([1], 3) }, text: "x", none: null }));
      assert.is(found.list[1].item(), 2);
      assert.is(found.deep.value.item(), 3);
    });
  });
  assert.is(buffers, 0);
});

test("an error frees, too, and so does using", () => {
  const buffers = left(() => {
    assert.throws(
      () =>
        scope(() => {
          full([3], 1);
          throw new Error("on purpose");
        }),
      /on purpose/,
    );
    {
      using x = full([3], 1);
      assert.is(x.size, 3);
    }
  });
  assert.is(buffers, 0);
});

test("an async function is refused", () => {
  assert.throws(() => scope(() => Promise.resolve(1)), /scope: an async function, wanted one that returns before it is done/);
});

test("aliases share memory until the last is gone", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const x = full([2, 3], 1);
    const y = reshape(x, [6]);
    assert.is(backend.memoryUse().buffers, 1);
    x.dispose();
    assert.is(backend.memoryUse().buffers, 1);
    assert.equal([...y.toArray()], [1, 1, 1, 1, 1, 1]);
    y.dispose();
    assert.is(backend.memoryUse().buffers, 0);
  });
});

test("noGrad records nothing and ends with its work, even by an error", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = full([2], 1, { requiresGrad: true });
      assert.ok(isRecording());
      noGrad(() => {
        assert.not.ok(isRecording());
        const y = multiply(x, 2);
        assert.ok(y.node === null && !y.requiresGrad);
      });
      assert.throws(() =>
        noGrad(() => {
          throw new Error("on purpose");
        }),
      );
      assert.ok(isRecording());
      assert.ok(multiply(x, 2).requiresGrad);
      // Nothing that requires a gradient: nothing recorded.
      assert.is(multiply(full([2], 1), 2).node, null);
    }),
  ));

test("tensors go to the backend in use; a function makes it when it is first needed", () => {
  const [first, second] = [createReferenceBackend(), createReferenceBackend()];
  let calls = 0;
  setBackend(() => {
    calls++;
    return first;
  });
  assert.is(calls, 0);
  assert.is(currentBackend(), first);
  assert.is(currentBackend(), first);
  assert.is(calls, 1);
  withBackend(second, () => assert.is(currentBackend(), second));
  assert.throws(() =>
    withBackend(second, () => {
      throw new Error("on purpose");
    }),
  );
  assert.is(currentBackend(), first);
  setBackend(second);
  assert.is(currentBackend(), second);
});

/** Buffers and bytes in use before and after each of three training steps. */
function steps(backend: Backend, slice: SliceOptions, make: () => { step: (x: Tensor, labels: Tensor) => void }): [number, number][] {
  return withBackend(backend, () => {
    const { step } = make();
    const use: [number, number][] = [];
    for (let at = 0; at < 3; at++) {
      const { buffers, bytes } = backend.memoryUse();
      use.push([buffers, bytes]);
      scope(() => {
        const x = tensor(Float64Array.from({ length: 4 * 64 * 3 }, normals(at)), [4, 8, 8, 3]);
        const labels = tensor([1, 2, 3, 4]);
        x.batch = labels.batch = wholeBatch(4, { ...slice, step: at });
        step(x, labels);
      });
    }
    const { buffers, bytes } = backend.memoryUse();
    return [...use, [buffers, bytes]];
  });
}

for (const [label, slice] of [
  ["whole batch", { shards: 1 }],
  ["three shards", { shards: 3 }],
  ["groups of 2", { shards: 2, normGroup: 2 }],
] as const)
  test(`a training step leaves no buffer behind: ${label}`, () => {
    const use = steps(createReferenceBackend(), slice, () => {
      const recorder = new StreamRecorder({ interval: 1 });
      const model = resnetV2({ depth: 8, width: 2, skip: observed(orthogonal(), recorder) });
      const optimizer = new SGD(parameterGroups(model, { weightDecay: 1e-4 }), { nesterov: true });
      const average = new ModelEma(model);
      return {
        step: (x, labels) => {
          backward(crossEntropy(model.train().forward(x), labels, { smoothing: 0.1 }));
          clipGradNorm(model.parameters(), 0.1);
          optimizer.step();
          average.update();
          average.swapped(() => noGrad(() => model.eval().forward(x)));
          average.stateDict();
          recorder.drain();
        },
      };
    });
    assert.equal(use.slice(1), [use[0], use[0], use[0]]);
  });

test("a step with dropout, layer and group norm and AdamW leaves none either; gradients stay until they are used", () => {
  const backend = createReferenceBackend();
  const use = steps(backend, { shards: 2 }, () => {
    const model = initialize(
      new Sequential(
        new Conv2d(3, 4, 3),
        new GroupNorm(2, 4),
        new Dropout(0.2),
        new GlobalAveragePool(),
        new LayerNorm(4),
        new Linear(4, 10),
      ),
    );
    const optimizer = new AdamW(model.parameters());
    return {
      step: (x, labels) => {
        const before = backend.memoryUse().buffers;
        scope(() => backward(crossEntropy(model.forward(x), labels)));
        assert.is(backend.memoryUse().buffers, before + model.parameters().length);
        // Accumulation adds in place.
        scope(() => backward(crossEntropy(model.forward(x), labels)));
        assert.is(backend.memoryUse().buffers, before + model.parameters().length);
        optimizer.step();
        assert.is(backend.memoryUse().buffers, before);
      },
    };
  });
  assert.equal(use.slice(1), [use[0], use[0], use[0]]);
});

test("backward() frees the gradients between and what operations saved", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const x = full([3, 4], 0.5, { requiresGrad: true });
    const before = backend.memoryUse().buffers;
    scope(() => {
      const [dx] = gradients(sum(x.softmax().log().multiply(x).max({ axis: 1 })), [x]);
      dx.dispose();
    });
    assert.is(backend.memoryUse().buffers, before);
    // An error in the middle leaves nothing either.
    scope(() => assert.throws(() => backward(multiply(x, 2)), /wanted one element/));
    assert.is(backend.memoryUse().buffers, before);
  });
});

test.run();
