// Features are those of a forward pass in evaluation, in the order of the images, however they are cut into batches.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { globalAveragePool, noGrad, scope, setBackend, tensor } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/index.ts";
import { collectFeatures, type CollectOptions, type Features, type ImageBatch } from "../../ts/metrics/index.ts";
import { resnetV2 } from "../../ts/models/index.ts";
import { signed } from "../golden/hash.ts";

const test = suite("metrics/features");

setBackend(createReferenceBackend());
const [N, SIZE] = [7, 8];
const PIXELS = SIZE * SIZE * 3;
const images = Float32Array.from(signed("images", N * PIXELS));
const model = resnetV2({ depth: 8, width: 2 });

function* batches(size: number): Generator<ImageBatch> {
  for (let from = 0; from < N; from += size) {
    const count = Math.min(size, N - from);
    yield { images: images.subarray(from * PIXELS, (from + count) * PIXELS), shape: [count, SIZE, SIZE, 3] };
  }
}

const collect = (size: number, options?: CollectOptions): Promise<Features> =>
  collectFeatures(model, model.head.fc, batches(size), options);

test("the classifier's input and output", async () => {
  const { samples, width, values } = await collect(7);
  assert.equal([samples, width], [7, 8]);
  const logits = scope(() =>
    noGrad(() =>
      model
        .eval()
        .forward(tensor(images, [N, SIZE, SIZE, 3]))
        .toArray(),
    ),
  );
  assert.equal(await collect(3, { of: "output" }), { samples: 7, width: 10, values: Float64Array.from(logits) });
  const again = scope(() => noGrad(() => model.head.fc.forward(tensor(values, [7, 8])).toArray()));
  assert.equal([...again], [...logits]);
});

test("cut in any way, and not to the end", async () => {
  const whole = await collect(7);
  for (const size of [1, 2, 5]) assert.equal(await collect(size), whole);
  assert.equal(await collect(2, { samples: 3 }), { samples: 3, width: 8, values: whole.values.slice(0, 24) });
});

test("maps give their mean over positions, or all of it", async () => {
  const block = model.stages[0].blocks[0];
  const options = { of: "output" } as const;
  const means = await collectFeatures(model, block, batches(4), options);
  const all = await collectFeatures(model, block, batches(4), { ...options, positions: "all" });
  assert.equal([means.width, all.width], [2, 2 * SIZE * SIZE]);
  const wanted = scope(() => globalAveragePool(tensor(all.values, [N, SIZE, SIZE, 2])).toArray());
  assert.equal([...means.values], [...wanted]);
});

test("the model's layers are as they were", async () => {
  await collect(7);
  assert.is(Object.hasOwn(model.head.fc, "forward"), false);
});

test("nothing to collect", async () => {
  const refused = async (work: Promise<Features>): Promise<string> => {
    try {
      await work;
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  const other = resnetV2({ depth: 8, width: 2 });
  assert.match(await refused(collectFeatures(model, other.head.fc, batches(7))), "collectFeatures: the layer ran 0 times");
  assert.match(await refused(collectFeatures(model, model.head.fc, [])), "collectFeatures: a set without images, wanted at least one");
});

test.run();
