// A training step of a whole net (batch norm, orthogonal update, dropout, measured streams) with its shards spread over threads in
// any way gives the bits of one thread: loss, logits, gradients, running statistics and measurements.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  backward,
  crossEntropy,
  finish,
  scope,
  shardStart,
  tensor,
  wholeBatch,
  withBackend,
  type Backend,
  type BatchSlice,
  type SliceOptions,
} from "../../ts/autograd/index.ts";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { observed, orthogonal, resnetV2, StreamRecorder } from "../../ts/models/index.ts";
import { Dropout, initialize } from "../../ts/nn/index.ts";
import { onThreads } from "../autograd/threads.ts";
import { signed } from "../golden/hash.ts";

const test = suite("models/threads");

const [N, SIZE] = [7, 6];

const backends: [string, () => Backend][] = [
  ["float64 reference", createReferenceBackend],
  ["float32 wasm", () => createWasmBackend(new WebAssembly.Module(readFileSync(new URL("../../build/strict.wasm", import.meta.url))))],
];

/** Everything that one step makes, as text of exact numbers. */
function step(backend: Backend, slice: BatchSlice): Record<string, string> {
  return scope(() => {
    const recorder = new StreamRecorder({ interval: 1 });
    const model = resnetV2({ depth: 8, width: 2, skip: observed(orthogonal(), recorder), seed: 2 });
    const dropout = initialize(new Dropout(0.2), { seed: 4 });
    const [from, to] = [shardStart(slice, slice.first), shardStart(slice, slice.last)];
    const length = SIZE * SIZE * 3;
    const x = tensor(signed("images", N * length).slice(from * length, to * length), [to - from, SIZE, SIZE, 3]);
    const labels = tensor([1, 4, 9, 0, 2, 4, 7].slice(from, to));
    x.batch = labels.batch = slice;
    const logits = model.forward(dropout.forward(x));
    const loss = crossEntropy(logits, labels, { smoothing: 0.1 });
    backward(loss);
    const found: Record<string, string> = { loss: String(loss.item()), records: JSON.stringify(recorder.drain()) };
    const rows = logits.toArray();
    for (let n = from; n < to; n++) found[`logits of sample ${n}`] = rows.subarray(10 * (n - from), 10 * (n - from) + 10).join();
    for (const [key, parameter] of model.namedParameters()) {
      const parts = (parameter.pending ?? [parameter.grad!]).map((part) => finish(part, backend));
      found[`gradient of ${key}`] = parts
        .reduce((total, part) => add(total, part))
        .toArray()
        .join();
    }
    if (slice.exchange) (slice.exchange as unknown as { settle(): void }).settle();
    // The thread with shard 0 keeps the running statistics.
    if (slice.first === 0 && slice.last > 0)
      for (const [key, { values }] of Object.entries(model.stateDict())) if (key.includes("running")) found[key] = values.join();
    return found;
  });
}

const options: SliceOptions[] = [
  { shards: 1 },
  { shards: 3 },
  { shards: 5 },
  { shards: 9 },
  { shards: 4, normGroup: 2 },
  { shards: 2, normGroup: 3 },
  { shards: 9, normGroup: 2 },
];

for (const [name, make] of backends)
  for (const slice of options)
    test(`${name}, ${JSON.stringify(slice)}`, () => {
      const backend = make();
      withBackend(backend, () => {
        const whole = wholeBatch(N, { ...slice, step: 3 });
        const wanted = step(backend, whole);
        const { shards } = whole;
        const cuts = [[0, shards], [0, Math.ceil(shards / 2), shards], Array.from({ length: shards + 1 }, (_, at) => at)];
        for (const ranges of cuts) {
          const seen = new Set<string>();
          for (const got of onThreads(backend, whole, ranges, (own) => step(backend, own)))
            for (const [key, value] of Object.entries(got)) {
              assert.is(value, wanted[key], `${key} with shards cut at ${ranges.join()}`);
              seen.add(key);
            }
          assert.equal([...seen].sort(), Object.keys(wanted).sort());
        }
      });
    });

test.run();
