// Fine-tunes the last layer of a trained model where it runs: node --import tsx examples/fine-tune/fine-tune.ts [from [to]]
// A camera of another make sees everything darker. The net stays as it is; what it makes of 300 pictures of that camera is computed once,
// and its last layer learns from that in a second. Only the reading and writing of files needs Node.
import { readFileSync, writeFileSync } from "node:fs";
import {
  arrayDataset,
  collectFeatures,
  crossEntropy,
  DataLoader,
  decodeCheckpoint,
  encodeCheckpoint,
  Linear,
  loadTrainedModel,
  scope,
  SGD,
  shapes,
  tensor,
  type Dataset,
} from "perpend";

const STEPS = 300;

/** The set as the other camera sees it. */
function otherCamera(set: Dataset): Dataset {
  return arrayDataset(
    Uint8Array.from(set.images, (value) => 0.7 * value),
    set.labels,
    set,
  );
}

const from = process.argv[2] ?? new URL("../model.safetensors", import.meta.url);
const bytes = readFileSync(from);
const { model, data } = loadTrainedModel(bytes);
const head = [...model.namedModules()]
  .map(([, module]) => module)
  .filter((module) => module instanceof Linear)
  .at(-1);
if (head === undefined) throw new Error("fine-tune: a model without a linear layer, wanted one as its last");

/** What the last layer is given for each picture, and the classes. */
async function featuresOf(set: Dataset): Promise<{ readonly features: Float32Array; readonly labels: number[]; readonly width: number }> {
  const normalized = { ...set, mean: data.mean, std: data.std };
  const { values, width } = await collectFeatures(model, head!, new DataLoader(normalized, { batchSize: 50 }).epoch(0));
  return { features: Float32Array.from(values), labels: Array.from({ length: set.length }, (_, index) => set.get(index).label), width };
}

const tuning = await featuresOf(otherCamera(shapes({ count: 300, split: "tuning" })));
const test = await featuresOf(otherCamera(shapes({ count: 500, split: "test" })));

function accuracy(): string {
  const { features, labels, width } = test;
  const found = scope(() =>
    head!
      .forward(tensor(features, [labels.length, width]))
      .argmax({ axis: 1 })
      .toArray(),
  );
  return `${((100 * labels.filter((label, index) => label === found[index]).length) / labels.length).toFixed(1)} %`;
}

console.log(`before: ${accuracy()} of ${test.labels.length} test pictures`);
const optimizer = new SGD(head.parameters(), { lr: 0.3, momentum: 0.9, weightDecay: 1e-3 });
for (let step = 0; step < STEPS; step++)
  scope(() => {
    const { features, labels, width } = tuning;
    crossEntropy(head.forward(tensor(features, [labels.length, width])), tensor(labels)).backward();
    optimizer.step();
  });
console.log(`after:  ${accuracy()}, ${STEPS} steps of ${tuning.labels.length} pictures`);

// The same checkpoint with another last layer: the servers beside this example take it.
const checkpoint = decodeCheckpoint(bytes, "checkpoint");
const tuned = Object.entries(model.stateDict()).map(
  ([key, { shape, values }]) => [key, { shape, values: Float32Array.from(values) }] as const,
);
const to = process.argv[3];
if (to !== undefined) writeFileSync(to, encodeCheckpoint({ ...checkpoint, tensors: new Map([...checkpoint.tensors, ...tuned]) }));
