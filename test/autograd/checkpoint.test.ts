// checkpoint(): the bits of the run without it, and less memory.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  backward,
  batchNorm,
  checkpoint,
  conv2d,
  dropout,
  exp,
  finish,
  keep,
  maximum,
  mean,
  multiply,
  noGrad,
  relu,
  remembered,
  reshape,
  scope,
  sum,
  tanh,
  tensor,
  wholeBatch,
  withBackend,
  type Backend,
  type BatchSlice,
  type Tensor,
} from "../../ts/autograd/index.ts";
import "../../ts/autograd/methods.ts";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { Dropout, initialize } from "../../ts/nn/index.ts";
import { normals } from "./normals.ts";
import { onThreads } from "./threads.ts";
import { saying } from "../saying.ts";

const test = suite("autograd/checkpoint");

const backends: Record<string, () => Backend> = {
  "float64 reference": createReferenceBackend,
  "float32 wasm": () => createWasmBackend(new WebAssembly.Module(readFileSync(new URL("../../build/strict.wasm", import.meta.url)))),
};

type Part = <T>(work: () => T) => T;
const plain: Part = (work) => work();

interface Given {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly scale: Tensor;
  readonly filter: Tensor;
}

/** Nets of [4, 3, 3, 2] images, two filters and two scales; `part` runs what may be made again. */
const nets: Record<string, (given: Given, part: Part) => Tensor> = {
  "a chain": ({ x, filter }, part) => sum(part(() => tanh(part(() => relu(conv2d(x, filter, null, { padding: 1 })))))),
  "a variable shared by parts and by what is around them": ({ x, scale }, part) => {
    const a = part(() => multiply(x, scale));
    const b = part(() => multiply(tanh(multiply(a, scale)), scale));
    return sum(multiply(add(a, b), scale));
  },
  "tensors from outside, used inside and outside": ({ x, scale, weight }, part) => {
    const outside = exp(multiply(x, scale));
    const inside = part(() => add(multiply(outside, outside), multiply(tanh(outside), weight)));
    const again = part(() => multiply(add(inside, outside), multiply(outside, 0.3)));
    return sum(add(add(multiply(outside, again), inside), outside));
  },
  "several results, of one of which nothing depends": ({ x, scale, weight }, part) => {
    const { first, rest } = part(() => {
      const a = multiply(x, scale);
      const unused = exp(multiply(a, weight));
      return { first: tanh(a), rest: [multiply(a, weight), unused] };
    });
    return sum(multiply(first, rest[0]));
  },
  "a result that is what was given, and one that was made elsewhere": ({ x, scale }, part) => {
    const a = multiply(x, scale);
    const [same, b] = part(() => [a, tanh(a)]);
    return sum(multiply(same, b));
  },
  "tensors that share memory, and constants": ({ x, scale }, part) =>
    sum(
      part(() => {
        const flat = reshape(multiply(x, scale), [-1, 18]);
        const mask = tensor(Array.from({ length: 18 }, (_, at) => at % 3));
        return reshape(tanh(multiply(flat, mask)), [-1, 3, 3, 2]);
      }),
    ),
  "what gets no gradient": ({ x, scale }, part) =>
    sum(
      part(() => {
        const still = noGrad(() => exp(multiply(x, scale)));
        return multiply(maximum(still, 0.5), scale);
      }),
    ),
  "parts in parts": ({ x, scale, weight, filter }, part) => {
    const y = part(() => {
      const a = part(() => relu(conv2d(x, filter, null, { padding: 1 })));
      const b = part(() => {
        const c = multiply(tanh(a), scale);
        const d = part(() => part(() => multiply(exp(multiply(c, weight)), c)));
        return part(() => add(multiply(d, a), c));
      });
      return add(
        multiply(b, a),
        part(() => tanh(b)),
      );
    });
    return sum(part(() => multiply(y, multiply(y, weight))));
  },
  "statistics of the batch": ({ x, scale, weight }, part) => {
    const y = part(() => {
      const normalized = batchNorm(multiply(x, x), scale, weight, { eps: 1e-5, relu: true });
      return multiply(normalized, mean(x, { axes: [0, 1, 2] }));
    });
    return sum(part(() => batchNorm(y, scale, null, { eps: 1e-5, relu: false })));
  },
  "random draws": ({ x, scale }, part) => {
    const layer = initialize(new Dropout(0.4), { seed: 7 });
    const a = part(() => layer.forward(multiply(x, scale)));
    const b = part(() => add(layer.forward(a), dropout(a, { p: 0.5, key: [3, 4], step: 1 })));
    return sum(layer.forward(b));
  },
};

function given(own: BatchSlice | null = null): Given {
  const draw = normals(5);
  const random = (length: number): Float64Array => Float64Array.from({ length }, draw);
  const values = random(72);
  const x = tensor(own === null ? values : values.subarray(18 * own.first, 18 * own.last), [
    own === null ? 4 : own.last - own.first,
    3,
    3,
    2,
  ]);
  x.batch = own;
  const leaf = (shape: number[], length: number): Tensor => tensor(random(length), shape, { requiresGrad: true });
  return { x, weight: leaf([2], 2), scale: leaf([2], 2), filter: leaf([3, 3, 2, 2], 36) };
}

function gradientsOf(leaves: Given, backend: Backend): string[] {
  return Object.entries(leaves).map(([name, leaf]: [string, Tensor]) => {
    const parts = leaf.pending ?? (leaf.grad ? [leaf.grad] : []);
    return `${name}: ${parts.map((part) => finish(part, backend).toArray().join()).join(" + ")}`;
  });
}

for (const [on, make] of Object.entries(backends))
  for (const [name, net] of Object.entries(nets))
    test(`${on}: the same bits: ${name}`, () => {
      const backend = make();
      const run = (part: Part): string[] =>
        withBackend(backend, () =>
          scope(() => {
            const leaves = given();
            leaves.x.requiresGrad = true;
            const loss = net(leaves, part);
            backward(loss);
            const found = [String(loss.item()), ...gradientsOf(leaves, backend)];
            for (const leaf of Object.values(leaves) as Tensor[]) leaf.grad?.dispose();
            return found;
          }),
        );
      const wanted = run(plain);
      assert.ok(wanted.some((text) => /: -?\d/.test(text)));
      assert.equal(run(checkpoint), wanted);
      assert.is(backend.memoryUse().buffers, 0);
    });

for (const [name, net] of Object.entries(nets))
  test(`threads meet as often as without, and in the same order: ${name}`, () => {
    const backend = createReferenceBackend();
    withBackend(backend, () => {
      const run = (part: Part, slice: BatchSlice): string[] =>
        scope(() => {
          const leaves = given(slice);
          const loss = net(leaves, part);
          backward(loss);
          return [String(loss.item()), ...gradientsOf(leaves, backend)];
        });
      const whole = wholeBatch(4, { shards: 4, step: 2 });
      const wanted = run(plain, whole);
      for (const ranges of [
        [0, 4],
        [0, 2, 4],
        [0, 1, 2, 3, 4],
      ])
        // prettier-ignore
        for (const got of onThreads(backend, whole, ranges, (slice) => run(checkpoint, slice)).map((texts) => texts[0]))
            assert.is(got, wanted[0], ranges.join());
      for (const ranges of [
        [0, 2, 4],
        [0, 1, 4],
      ])
        // prettier-ignore
        assert.equal(
            onThreads(backend, whole, ranges, (slice) => run(checkpoint, slice)),
            onThreads(backend, whole, ranges, (slice) => run(plain, slice)),
          );
    });
  });

test("frees what it makes until backward, and then holds a part at a time", () => {
  const peak = (part: Part): { kept: number; peak: number } => {
    const backend = createReferenceBackend();
    return withBackend(backend, () =>
      scope(() => {
        let y = tensor(new Float64Array(1000).fill(0.1), undefined, { requiresGrad: true });
        const before = backend.memoryUse().bytes;
        for (let at = 0; at < 10; at++) {
          const x = y;
          y = part(() => {
            let z = x;
            for (let step = 0; step < 10; step++) z = tanh(z);
            return z;
          });
        }
        const loss = sum(y);
        const kept = backend.memoryUse().bytes - before;
        backward(loss);
        return { kept, peak: backend.memoryUse().peakBytes };
      }),
    );
  };
  const with_ = peak(checkpoint);
  const without = peak(plain);
  // 10 results of parts and the loss.
  assert.is(with_.kept, 8 * (10 * 1000 + 1));
  assert.ok(without.kept >= 8 * 100 * 1000);
  // Further 10 of one part, the gradient, and what one operation needs.
  assert.ok(with_.peak <= 8 * 25 * 1000, `${with_.peak} bytes`);
});

test("inner tensors are gone after the forward pass, results and what was kept are not", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = tensor([1, 2], undefined, { requiresGrad: true });
      let inner: Tensor | null = null;
      let kept: Tensor | null = null;
      const y = checkpoint(() => {
        inner = exp(x);
        const z = multiply(inner, x);
        kept ??= keep(tanh(z));
        return sum(z);
      });
      assert.ok(inner!.freed);
      assert.not.ok(y.freed);
      assert.equal([...kept!.shape], [2]);
      backward(y);
      assert.equal(kept!.toArray().length, 2);
      kept!.dispose();
      const e = Math.exp(1);
      assert.ok(Math.abs(x.grad!.toArray()[0] - 2 * e) < 1e-12);
      x.grad!.dispose();
    }),
  ));

test("without recording it is a scope", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    let runs = 0;
    const y = noGrad(() =>
      checkpoint(() => {
        runs++;
        return sum(exp(tensor([0, 0])));
      }),
    );
    assert.is(y.item(), 2);
    assert.is(runs, 1);
    assert.is(backend.memoryUse().buffers, 1);
  });
});

test("remembered() runs once, and gives the same tensor or value the second time", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = tensor([1, 2], undefined, { requiresGrad: true });
      let runs = 0;
      let once = 0;
      const seen: unknown[] = [];
      const work = (): Tensor => {
        runs++;
        const number = remembered(() => ++once);
        const constant = remembered(() =>
          multiply(
            x,
            remembered(() => ++once),
          ),
        );
        assert.not.ok(constant.requiresGrad);
        seen.push(number, [...constant.toArray()]);
        return checkpoint(() =>
          multiply(
            x,
            add(
              constant,
              remembered(() => ++once),
            ),
          ),
        );
      };
      backward(sum(checkpoint(() => tanh(work()))));
      // The first run, then those of the outer and of the inner part.
      assert.is(runs, 2);
      assert.is(once, 3);
      assert.equal(seen, [1, [2, 4], 1, [2, 4]]);
      x.grad!.dispose();
      // Outside of a part it is an ordinary call.
      assert.is(remembered(() => ++once), 4); // prettier-ignore
    }),
  ));

test("what does not do the same twice is refused", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = tensor([1, 2], undefined, { requiresGrad: true });
      let calls = 0;
      const more = checkpoint(() => (calls++ === 0 ? tanh(exp(x)) : tanh(exp(exp(x)))));
      assert.throws(() => backward(sum(more)), /^checkpoint: 2 tensors and 3 when run again, wanted the same/);
      calls = 0;
      const other = checkpoint(() => sum(exp(tensor(calls++ === 0 ? [1, 2] : [1, 2, 3])).multiply(mean(x))));
      assert.throws(() => backward(other), /^checkpoint: .*number 0 of shape \[2\] and \[3\]/);
      assert.throws(() => checkpoint(async () => x), /^checkpoint: an async function/);
    }),
  ));

test("several backward() through parts of one forward pass", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const run = (part: Part): number[] => {
        const x = tensor([0.5, 2], undefined, { requiresGrad: true });
        const [a, b] = part(() => [sum(exp(x)), sum(tanh(multiply(x, 2)))]);
        const c = part(() => sum(multiply(x, x)));
        backward(b);
        backward(c);
        backward(a);
        const found = [...x.grad!.toArray()];
        x.grad!.dispose();
        return found;
      };
      assert.equal(run(checkpoint), run(plain));
      const x = tensor([1], undefined, { requiresGrad: true });
      const y = checkpoint(() => exp(x));
      backward(y);
      assert.throws(() => backward(y), /used up by an earlier backward/);
      x.grad!.dispose();
    }),
  ));

test("errors and unused passes leave no buffer behind", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const x = keep(tensor([1, 2], undefined, { requiresGrad: true }));
    const pass = (fails: "forward" | "again" | "not at all"): void =>
      scope(() => {
        let runs = 0;
        const y = checkpoint(() => {
          const a = exp(remembered(() => multiply(x, 2)));
          if (fails === "forward" || (fails === "again" && runs++ > 0)) throw new Error("on purpose");
          return sum(
            multiply(
              checkpoint(() => multiply(a, x)),
              a,
            ),
          );
        });
        if (fails !== "not at all") backward(y);
      });
    pass("not at all");
    assert.throws(() => pass("forward"), saying("on purpose"));
    assert.throws(() => pass("again"), saying("on purpose"));
    assert.is(x.grad, null);
    x.dispose();
    assert.is(backend.memoryUse().buffers, 0);
  });
});

test.run();
