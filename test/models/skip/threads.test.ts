// A training step with every skip gives the bits of one thread, however its shards are spread over threads, whole or with the insides of
// units made again: loss, logits, gradients, running statistics and flags.
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
} from "../../../ts/autograd/index.ts";
import { createWasmBackend } from "../../../ts/backend/index.ts";
import { resnetV2, type SkipKind } from "../../../ts/models/index.ts";
import { onThreads } from "../../autograd/threads.ts";
import { signed } from "../../golden/hash.ts";
import { kinds } from "./kinds.ts";

const test = suite("models/skip/threads");

const [N, SIZE] = [5, 6];
const module = new WebAssembly.Module(readFileSync(new URL("../../../build/strict.wasm", import.meta.url)));

/** Everything that one step makes, as text of exact numbers. */
function step(backend: Backend, slice: BatchSlice, skip: SkipKind, checkpointBlocks?: number): Record<string, string> {
  return scope(() => {
    const model = resnetV2({ depth: 8, width: 4, skip, seed: 2, ...(checkpointBlocks && { checkpointBlocks }) });
    for (const [key, variable] of model.namedParameters())
      if (key.includes(".skip.") && variable.size === 1) backend.fill(variable.buffer, 0.3);
    const [from, to] = [shardStart(slice, slice.first), shardStart(slice, slice.last)];
    const length = SIZE * SIZE * 3;
    const x = tensor(signed("images", N * length).slice(from * length, to * length), [to - from, SIZE, SIZE, 3]);
    const labels = tensor([1, 4, 9, 0, 2].slice(from, to));
    x.batch = labels.batch = slice;
    const logits = model.forward(x);
    const loss = crossEntropy(logits, labels);
    backward(loss);
    const found: Record<string, string> = { loss: String(loss.item()) };
    const rows = logits.toArray();
    for (let n = from; n < to; n++) found[`logits of sample ${n}`] = rows.subarray(10 * (n - from), 10 * (n - from) + 10).join();
    for (const [key, parameter] of model.namedParameters()) {
      const parts = (parameter.pending ?? (parameter.grad ? [parameter.grad] : [])).map((part) => finish(part, backend));
      const total = parts.length === 0 ? null : parts.reduce((sum, part) => add(sum, part));
      found[`gradient of ${key}`] = total?.toArray().join() ?? "none";
    }
    if (slice.exchange) (slice.exchange as unknown as { settle(): void }).settle();
    // The thread with shard 0 keeps what is no gradient.
    const names = new Set(model.namedParameters().map(([key]) => key));
    if (slice.first === 0 && slice.last > 0)
      for (const [key, { values }] of Object.entries(model.stateDict())) if (!names.has(key)) found[key] = values.join();
    return found;
  });
}

for (const [label, kind] of Object.entries(kinds))
  test(label, () => {
    const backend = createWasmBackend(module);
    withBackend(backend, () => {
      const whole = wholeBatch(N, { shards: 3, step: 3 });
      const wanted = step(backend, whole, kind());
      assert.equal(step(backend, whole, kind(), 1), wanted, "with units made again");
      assert.is.not(wanted["loss"], "NaN");
      for (const ranges of [
        [0, 2, 3],
        [0, 1, 2, 3],
      ]) {
        const seen = new Set<string>();
        for (const got of onThreads(backend, whole, ranges, (own) => step(backend, own, kind())))
          for (const [key, value] of Object.entries(got)) {
            assert.is(value, wanted[key], `${key} with shards cut at ${ranges.join()}`);
            seen.add(key);
          }
        assert.equal([...seen].sort(), Object.keys(wanted).sort());
      }
    });
  });

test.run();
