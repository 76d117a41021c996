// State dicts to files and back, between models, and what a file of another program may hold.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withBackend } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/reference.ts";
import { BatchNorm2d, Conv2d, initialize, Sequential } from "../../../ts/nn/index.ts";
import { readStateDict, writeStateDict } from "../../../ts/train/node/state-dict-file.ts";
import { encodeSafetensors } from "../../../ts/train/safetensors.ts";
import { decodeStateDict, encodeStateDict } from "../../../ts/train/state-file.ts";

const test = suite("state-dict-file");

const folder = mkdtempSync(join(tmpdir(), "perpend-state-"));
const path = join(folder, "net ü.safetensors");

/** A file as safetensors.torch writes it: a header padded with blanks, `num_batches_tracked` as I64. */
function fromTorch(): Uint8Array {
  const tensors = {
    "0.weight": { shape: [2, 1, 1, 1], values: Float32Array.of(0.5, -2) },
    "1.weight": { shape: [2], values: Float32Array.of(1, 1) },
    "1.bias": { shape: [2], values: Float32Array.of(0, 0.25) },
    "1.running_mean": { shape: [2], values: Float32Array.of(0.125, 0) },
    "1.running_var": { shape: [2], values: Float32Array.of(1, 4) },
    "1.num_batches_tracked": { shape: [], values: BigInt64Array.of(12n) },
  };
  return encodeSafetensors(Object.entries(tensors), [["format", "pt"]]);
}

const net = (seed: number): Sequential => initialize(new Sequential(new Conv2d(1, 2, 1), new BatchNorm2d(2)), { seed });

test("a model's values go to a file and into another model", async () => {
  const dict = withBackend(createReferenceBackend(), () => net(1).stateDict());
  await writeStateDict(path, dict);
  const read = await readStateDict(path);
  assert.equal(Object.keys(read), Object.keys(dict));
  withBackend(createReferenceBackend(), () => {
    const other = net(2);
    assert.not.equal(other.stateDict(), dict);
    assert.equal(other.loadStateDict(read), { missing: [], unexpected: [] });
    assert.equal(other.stateDict(), dict);
  });
  assert.equal(readFileSync(path), Buffer.from(encodeStateDict(dict)));
});

test("a file of PyTorch loads", async () => {
  writeFileSync(path, fromTorch());
  const read = await readStateDict(path);
  assert.equal(read["1.num_batches_tracked"], { shape: [], values: Float32Array.of(12) });
  withBackend(createReferenceBackend(), () => {
    const model = net(1);
    model.loadStateDict(read);
    assert.equal([...model.stateDict()["0.weight"].values], [0.5, -2]);
    assert.equal([...model.stateDict()["1.running_var"].values], [1, 4]);
  });
});

test("errors name the file", async () => {
  await readStateDict(join(folder, "none")).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /none: no such file, wanted a safetensors file/),
  );
  assert.throws(() => decodeStateDict(new Uint8Array(3)), /^state dict: /);
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
