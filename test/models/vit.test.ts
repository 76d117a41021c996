// Vision transformers: sizes and keys of the papers and of timm, initial values, refusals, skips on tokens, recomputation, threads.
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
import { createDryBackend, createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import {
  dropPath,
  growing,
  observed,
  orthogonal,
  recursive,
  StreamRecorder,
  summarizeModel,
  timmConventions,
  vit,
  vitBase,
  vitSmall,
  vitTiny,
  type SkipKind,
  type VitOptions,
} from "../../ts/models/index.ts";
import { uninitialized, type Module } from "../../ts/nn/index.ts";
import { onThreads } from "../autograd/threads.ts";
import { signed } from "../golden/hash.ts";

const test = suite("models/vit");

const kernels = new WebAssembly.Module(readFileSync(new URL("../../build/strict.wasm", import.meta.url)));
const [N, SIZE] = [7, 8];
const small: VitOptions = { size: SIZE, width: 12, heads: 3, depth: 3, mlpRatio: 2 };

const dry = <T>(work: () => T): T => withBackend(createDryBackend(), () => uninitialized(work));
const sizeOfModel = (model: Module): number => model.parameters().reduce((sum, { size }) => sum + size, 0);

test("numbers of parameters and work of the presets", () =>
  dry(() => {
    // 10.7 million: what width 384 and depth 6 come to.
    assert.is(sizeOfModel(vitSmall()), 10_685_962);
    assert.is(sizeOfModel(vitBase()), 85_114_378);
    assert.is(sizeOfModel(vitTiny()), 2_688_778);
    // timm's vit_base_patch16_224: 86,567,656 with 1000 classes.
    assert.is(sizeOfModel(vitBase({ size: 224, patch: 16, classes: 1000, ...timmConventions })), 86_567_656);
    const { flops } = summarizeModel(vitTiny(), [32, 32, 3]);
    const [tokens, d, blocks] = [65, 192, 6];
    const block = 12 * d * d * tokens + 2 * tokens * tokens * d;
    assert.is(flops, 2 * (64 * 48 * d + blocks * block + 10 * d));
  }));

test("keys of the state are timm's, in its order", () =>
  dry(() => {
    const keys = vit({ ...small, depth: 1, ...timmConventions })
      .entries()
      .map(({ key }) => key);
    const pairs = (names: readonly string[]): string[] => names.flatMap((name) => [`${name}.weight`, `${name}.bias`]);
    assert.equal(keys, [
      "cls_token",
      "pos_embed",
      ...pairs(["patch_embed.proj"]),
      ...pairs(["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"].map((name) => `blocks.0.${name}`)),
      ...pairs(["norm", "head"]),
    ]);
    const shapes = Object.fromEntries(
      vit({ ...small, ...timmConventions })
        .entries()
        .map(({ key, shape }) => [key, shape.join()]),
    );
    assert.is(shapes["cls_token"], "1,1,12");
    assert.is(shapes["pos_embed"], "1,5,12");
    assert.is(shapes["patch_embed.proj.weight"], "12,3,4,4");
    assert.is(shapes["blocks.2.attn.qkv.weight"], "36,12");
    const paper = vit(small)
      .entries()
      .map(({ key, shape }) => `${key} ${shape.join()}`);
    assert.ok(paper.includes("pos_embed 1,4,12"), "the class token has no position");
    assert.not(
      paper.some((key) => /norm[12]/.test(key)),
      "norms of blocks have no scale",
    );
  }));

test("initial values", () =>
  withBackend(createReferenceBackend(), () => {
    const state = vit({ ...small, size: 64, width: 24, seed: 5 }).stateDict();
    assert.ok(state["cls_token"].values.every((value) => value === 0));
    assert.ok(state["blocks.1.mlp.fc1.bias"].values.every((value) => value === 0));
    for (const key of ["pos_embed", "blocks.0.attn.qkv.weight", "blocks.2.mlp.fc2.weight"]) {
      const values = Float64Array.from(state[key].values);
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
      assert.ok(Math.abs(deviation - 0.02) < 0.002, `${key}: ${deviation}`);
    }
    assert.is.not(state["blocks.0.attn.qkv.weight"].values[0], state["blocks.1.attn.qkv.weight"].values[0]);
  }));

test("impossible sizes are refused by name", () =>
  dry(() => {
    const refused = (options: VitOptions, error: RegExp): void => assert.throws(() => vit({ ...small, ...options }), error);
    refused({ patch: 3 }, /vit: images of 8x8 in patches of 3, wanted a patch that divides both/);
    refused({ size: [8, 6] }, /images of 8x6 in patches of 4/);
    refused({ heads: 5 }, /vit: 5 heads for width 12, wanted a number that divides it/);
    refused({ depth: 0 }, /vit: depth 0, wanted a whole number of at least 1/);
    refused({ width: 1.5 }, /vit: width 1.5, wanted a whole number/);
    refused({ mlpRatio: 0.3 }, /vit: mlpRatio 0.3 of width 12/);
    refused({ eps: -1 }, /vit: eps -1, wanted/);
    refused({ checkpointBlocks: 0 }, /vit: checkpointBlocks 0, wanted/);
    refused({ pool: "mean", classPosition: true }, /vit: classPosition with pool mean/);
    const model = vit(small);
    assert.throws(() => scope(() => model.forward(tensor([0], [1, 1, 1, 1]))), /vit_d12_l3_p4: images \[1,1,1,1\], wanted \[N,8,8,3\]/);
  }));

/** Everything that one step makes, as text of exact numbers. */
function step(backend: Backend, options: VitOptions, kind: SkipKind, slice: BatchSlice): Record<string, string> {
  return scope(() => {
    const recorder = new StreamRecorder({ interval: 1 });
    const model = vit({ ...small, seed: 2, ...options, skip: observed(kind, recorder) });
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
    for (const [key, parameter] of model.namedParameters()) {
      const parts = (parameter.pending ?? [parameter.grad!]).map((part) => finish(part, backend));
      found[`gradient of ${key}`] = parts
        .reduce((total, part) => add(total, part))
        .toArray()
        .join();
      parameter.grad?.dispose();
      parameter.grad = null;
    }
    model.dispose();
    return found;
  });
}

const kinds: Readonly<Record<string, () => { options?: VitOptions; skip: SkipKind }>> = {
  orthogonal: () => ({ skip: orthogonal() }),
  "orthogonal, mean of the patches": () => ({ options: { pool: "mean" }, skip: orthogonal() }),
  "orthogonal per sample, norms behind, class position": () => ({
    options: { norm: "post", affine: true, classPosition: true },
    skip: orthogonal({ over: "sample" }),
  }),
  "recursive, dropped by sample": () => ({
    options: { norm: "skip" },
    skip: recursive(2, { inner: dropPath(growing(0.5), undefined, { per: "sample" }) }),
  }),
};

for (const [name, make] of Object.entries(kinds))
  test(`the same bits with shards on threads, and recomputed: ${name}`, () => {
    const backend = createWasmBackend(kernels);
    withBackend(backend, () => {
      const whole = wholeBatch(N, { shards: 3, step: 3 });
      const { options = {}, skip } = make();
      const wanted = step(backend, options, skip, whole);
      const before = backend.memoryUse().buffers;
      for (const checkpointBlocks of [1, 2, 100]) assert.equal(step(backend, { ...options, checkpointBlocks }, skip, whole), wanted);
      assert.is(backend.memoryUse().buffers, before);
      for (const ranges of [
        [0, 2, 3],
        [0, 1, 2, 3],
      ])
        for (const got of onThreads(backend, whole, ranges, (own) => step(backend, options, skip, own)))
          for (const [key, value] of Object.entries(got)) assert.is(value, wanted[key], `${key} with shards cut at ${ranges.join()}`);
    });
  });

test("both additions of a block are measured, each under its own number", () =>
  withBackend(createReferenceBackend(), () => {
    const { records } = step(createReferenceBackend(), {}, orthogonal(), wholeBatch(N));
    const measured = JSON.parse(records) as { block: number; cosine: number; rhoOrthogonal: number }[];
    assert.equal(
      measured.map(({ block }) => block),
      [0, 1, 2, 3, 4, 5],
    );
    for (const { cosine, rhoOrthogonal } of measured) assert.ok(Math.abs(cosine) <= 1 && rhoOrthogonal > 0);
  }));

test("the orthogonal update leaves <x, y - x> at 0 in each token", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const found: number[] = [];
      const kind: SkipKind = {
        label: "watched",
        at: (site) => {
          const inner = orthogonal().at(site);
          return {
            join: (stream, branch, context) => {
              const y = inner.join(stream, branch, context);
              const [from, to] = [stream.toArray(), y.toArray()];
              const width = stream.shape[2];
              for (let token = 0; token < from.length / width; token++) {
                let [dot, norm] = [0, 0];
                for (let c = token * width; c < (token + 1) * width; c++) {
                  dot += from[c] * (to[c] - from[c]);
                  norm += from[c] * from[c];
                }
                // The class token starts at 0, where there is nothing to be orthogonal to.
                if (norm > 1e-3) found.push(Math.abs(dot) / norm);
              }
              return y;
            },
          };
        },
      };
      const model = vit({ ...small, skip: kind });
      noGrad(() => model.forward(tensor(signed("images", 2 * SIZE * SIZE * 3), [2, SIZE, SIZE, 3])));
      assert.ok(found.length > 20);
      assert.ok(Math.max(...found) < 1e-5, `${Math.max(...found)}`);
      model.dispose();
    }),
  ));

test.run();
