// Nets that compute their insides again: every bit of a step as without, and less memory.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  backward,
  crossEntropy,
  finish,
  noGrad,
  scope,
  shardStart,
  tensor,
  wholeBatch,
  withBackend,
  type Backend,
  type BatchSlice,
} from "../../ts/autograd/index.ts";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import {
  additive,
  convShortcut,
  dropoutShortcut,
  gated,
  none,
  normAfterAddition,
  observed,
  original,
  orthogonal,
  reluPreActivation,
  resnetV2,
  StreamRecorder,
  usualCheckpointBlocks,
  type ResNetV2Options,
  type SkipKind,
} from "../../ts/models/index.ts";
import { Dropout, initialize, Linear } from "../../ts/nn/index.ts";
import { onThreads } from "../autograd/threads.ts";
import { signed } from "../golden/hash.ts";

const test = suite("models/checkpoint-blocks");

const kernels = new WebAssembly.Module(readFileSync(new URL("../../build/strict.wasm", import.meta.url)));
const [N, SIZE] = [7, 6];

/** A skip with a layer that all blocks of a width share. */
interface Kind extends SkipKind {
  readonly layer?: Linear;
}

/** Dropout and a shared layer in the branch. */
function custom(): Kind {
  const layer = initialize(new Linear(2, 2), { seed: 3 });
  return {
    label: "custom",
    layer,
    at: ({ index, width }) => {
      const dropout = initialize(new Dropout(0.3), { seed: index });
      return { join: (stream, branch) => add(stream, dropout.forward(width === 2 ? layer.forward(branch()) : branch())) };
    },
  };
}

interface Case {
  readonly net: Omit<ResNetV2Options, "skip">;
  readonly skip: () => Kind;
  readonly batch?: { readonly shards?: number; readonly normGroup?: number };
  readonly frozen?: (key: string) => boolean;
}

const basic = { depth: 20, width: 2 };
const bottleneck = { depth: 29, block: "bottleneck", width: 2 } as const;

const cases: Record<string, Case> = {
  "basic, additive": { net: basic, skip: additive },
  "basic, orthogonal": { net: basic, skip: orthogonal },
  "basic, orthogonal per sample, groups normalized": {
    net: basic,
    skip: () => orthogonal({ over: "sample" }),
    batch: { normGroup: 2, shards: 3 },
  },
  "basic, none": { net: basic, skip: none },
  "basic, dropout in the branch and a shared layer": { net: basic, skip: custom },
  "bottleneck, additive, groups normalized": { net: bottleneck, skip: additive, batch: { normGroup: 3, shards: 2 } },
  "bottleneck, orthogonal": { net: bottleneck, skip: orthogonal },
  "original, gated": { net: { ...basic, order: original() }, skip: () => gated({ bias: -1 }) },
  "BN after addition, 1x1 convolutions": { net: { ...basic, order: normAfterAddition() }, skip: convShortcut },
  "ReLU-only pre-activation, dropout": { net: { ...basic, order: reluPreActivation() }, skip: dropoutShortcut },
  "wide, orthogonal": { net: { depth: 18, width: 2 }, skip: orthogonal },
  "basic, the first half frozen": { net: basic, skip: orthogonal, frozen: (key) => /^stem|^stages\.0|^stages\.1\.blocks\.0/.test(key) },
  "basic, norms frozen": { net: basic, skip: additive, frozen: (key) => key.includes("norm") },
};

/** Everything that one step makes, as text of exact numbers. */
function step(backend: Backend, { net, skip, frozen }: Case, slice: BatchSlice, checkpointBlocks?: number): Record<string, string> {
  return scope(() => {
    const recorder = new StreamRecorder({ interval: 1 });
    const kind = skip();
    const model = resnetV2({ ...net, skip: observed(kind, recorder), seed: 2, ...(checkpointBlocks && { checkpointBlocks }) });
    if (frozen) model.freeze(frozen);
    const [from, to] = [shardStart(slice, slice.first), shardStart(slice, slice.last)];
    const length = SIZE * SIZE * 3;
    const x = tensor(signed("images", N * length).slice(from * length, to * length), [to - from, SIZE, SIZE, 3]);
    const labels = tensor([1, 4, 9, 0, 2, 4, 7].slice(from, to));
    x.batch = labels.batch = slice;
    const logits = model.forward(x);
    const loss = crossEntropy(logits, labels);
    backward(loss);
    const found: Record<string, string> = { loss: String(loss.item()), records: JSON.stringify(recorder.drain()) };
    const rows = logits.toArray();
    for (let n = from; n < to; n++) found[`logits of sample ${n}`] = rows.subarray(10 * (n - from), 10 * (n - from) + 10).join();
    for (const [key, parameter] of [...model.namedParameters(), ...(kind.layer?.namedParameters() ?? [])]) {
      const parts = parameter.pending ?? (parameter.grad ? [parameter.grad] : []);
      found[`gradient of ${key}`] = parts.map((part) => finish(part, backend).toArray().join()).join(" + ");
      parameter.grad?.dispose();
    }
    if (slice.exchange) (slice.exchange as unknown as { settle(): void }).settle();
    // The thread with shard 0 keeps the running statistics.
    if (slice.first === 0 && slice.last > 0)
      for (const [key, { values }] of Object.entries(model.stateDict())) if (key.includes("running")) found[key] = values.join();
    model.dispose();
    kind.layer?.dispose();
    return found;
  });
}

for (const [name, own] of Object.entries(cases))
  test(`the same bits: ${name}`, () => {
    const backend = createWasmBackend(kernels);
    withBackend(backend, () => {
      const whole = wholeBatch(N, { ...own.batch, step: 3 });
      const wanted = step(backend, own, whole);
      assert.is(
        Object.entries(wanted).some(([key, value]) => key.startsWith("gradient") && value === ""),
        own.frozen !== undefined,
      );
      const before = backend.memoryUse().buffers;
      for (const blocks of [1, 2, 3, 100]) assert.equal(step(backend, own, whole, blocks), wanted, `${blocks} blocks`);
      assert.is(backend.memoryUse().buffers, before);
    });
  });

for (const name of ["basic, orthogonal", "bottleneck, additive, groups normalized", "basic, dropout in the branch and a shared layer"])
  test(`threads meet in the same exchanges and give the same bits: ${name}`, () => {
    const backend = createReferenceBackend();
    withBackend(backend, () => {
      const own = { ...cases[name], net: { ...cases[name].net, depth: name.startsWith("basic") ? 14 : 11 } };
      const whole = wholeBatch(N, { shards: 3, ...own.batch, step: 3 });
      const wanted = step(backend, own, whole);
      const { shards } = whole;
      for (const ranges of [[0, 1, shards], Array.from({ length: shards + 1 }, (_, at) => at)]) {
        const got = onThreads(backend, whole, ranges, (slice) => step(backend, own, slice, 2));
        // Gradients are in parts there.
        assert.equal(
          got,
          onThreads(backend, whole, ranges, (slice) => step(backend, own, slice)),
        );
        for (const found of got)
          for (const [key, value] of Object.entries(found))
            if (!key.startsWith("gradient")) assert.is(value, wanted[key], `${key} with shards cut at ${ranges.join()}`);
      }
    });
  });

interface Memory {
  readonly kept: number;
  readonly peak: number;
}

test("holds the streams between runs of blocks and the insides of one run", () => {
  const use = (checkpointBlocks?: number): Memory => {
    const backend = createReferenceBackend();
    return withBackend(backend, () =>
      scope(() => {
        const model = resnetV2({ depth: 56, width: 2, ...(checkpointBlocks && { checkpointBlocks }) });
        const x = tensor(signed("images", 4 * 8 * 8 * 3), [4, 8, 8, 3]);
        const before = backend.memoryUse().bytes;
        const logits = model.forward(x);
        const kept = backend.memoryUse().bytes - before;
        backward(crossEntropy(logits, tensor([1, 2, 3, 4])));
        return { kept, peak: backend.memoryUse().peakBytes - before };
      }),
    );
  };
  const without = use();
  // Statistics and scales of norms count much in so small a net.
  for (const [blocks, share] of [
    [1, 0.35],
    [2, 0.25],
    [3, 0.25],
    [9, 0.2],
  ] as const) {
    // prettier-ignore
    const { kept, peak } = use(blocks);
    assert.ok(kept < share * without.kept, `${blocks} blocks: ${kept} bytes kept, ${without.kept} without`);
    assert.ok(peak < 0.7 * without.peak, `${blocks} blocks: ${peak} bytes at most, ${without.peak} without`);
  }
});

test("a pass without gradients holds one block at a time, and gives the same bits", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () =>
    scope(() => {
      const logitsOf = (depth: number, quiet: boolean): { peak: number; logits: string } => {
        const own = createReferenceBackend();
        return withBackend(own, () =>
          scope(() => {
            const model = resnetV2({ depth, width: 2 }).eval();
            const x = tensor(signed("images", 2 * 8 * 8 * 3), [2, 8, 8, 3]);
            const before = own.memoryUse().bytes;
            const run = (): string => model.forward(x).toArray().join();
            const logits = quiet ? noGrad(run) : run();
            assert.not.ok(x.freed);
            return { logits, peak: own.memoryUse().peakBytes - before };
          }),
        );
      };
      const [shallow, deep] = [logitsOf(20, true), logitsOf(80, true)];
      assert.ok(deep.peak < 1.3 * shallow.peak, `${deep.peak} bytes at depth 80, ${shallow.peak} at 20`);
      const recorded = logitsOf(80, false);
      assert.ok(recorded.peak > 3 * deep.peak);
    }),
  );
});

test("lengths that suit, and lengths that are refused", () => {
  assert.equal([1, 9, 18, 54, 333].map(usualCheckpointBlocks), [1, 1, 2, 3, 6]);
  for (const checkpointBlocks of [0, 1.5, -1, NaN])
    assert.throws(() => resnetV2({ depth: 8, checkpointBlocks }), /checkpointBlocks .*, wanted a whole number of at least 1/);
});

test.run();
