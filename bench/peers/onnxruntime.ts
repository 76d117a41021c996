// ONNX Runtime among the peers; form says which: "node" (native) and "web" (WebAssembly) for evaluation, "web-training" for training
// with the last build that has operators for gradients (1.19). Its own way to train wants files that only a Python package makes, so
// the graph of the whole step is made here, and the runtime sees an ordinary model: weights in, weights out.
import { crossEntropyOf, readStart, reordered, weightOf, type Start } from "./exchange.ts";
import { evaluationModel, next, trainingModel } from "./onnx-net.ts";
import { load, locate, serve, versionOf, type Job, type Opened } from "./serve.ts";
import { pathToFileURL } from "node:url";

interface OrtTensor {
  readonly data: Float32Array;
}

interface Session {
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
}

interface Ort {
  readonly env: { wasm: { numThreads: number; wasmPaths: unknown }; logLevel: string };
  readonly Tensor: { new (kind: string, values: Float32Array | BigInt64Array, shape: readonly number[]): OrtTensor };
  readonly InferenceSession: { create(model: Uint8Array, options: Record<string, unknown>): Promise<Session> };
}

async function infer(session: Session, images: OrtTensor, start: Start): Promise<number> {
  const { logits } = await session.run({ images });
  return crossEntropyOf(logits.data, start.labels);
}

async function open({ file, work, depth, batch, threads, form }: Job): Promise<Opened> {
  const name = form === "web-training" ? "onnxruntime-web-training" : `onnxruntime-${form}`;
  // The build for training is for browsers; where its threads' program comes from the page's own origin it is not fetched first.
  if (form === "web-training" && threads > 1) Object.assign(globalThis, { location: { origin: "null", href: import.meta.url } });
  const ort = load<Ort>(name, form === "web-training" ? locate(`${name}/dist/ort.training.wasm.min.js`) : name);
  if (form !== "node") {
    ort.env.wasm.numThreads = threads;
    ort.env.wasm.wasmPaths = pathToFileURL(locate(`${name}/dist/`)).href;
  }
  const start = readStart(file, batch);
  const nchw = reordered(start.images, [0, 3, 1, 2]);
  const images = new ort.Tensor("float32", nchw.values, nchw.shape);
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionProviders: [form === "node" ? "cpu" : "wasm"] };
  const library = `${name.replace("-training", "")} ${versionOf(name)}${form === "web-training" ? " training build" : ""}`;
  if (work === "infer") {
    const session = await ort.InferenceSession.create(evaluationModel(depth, batch, start), options);
    return { library, batch, step: () => infer(session, images, start) };
  }
  const { model, state } = trainingModel(depth, batch, start);
  const session = await ort.InferenceSession.create(model, options);
  const labels = new ort.Tensor("int64", BigInt64Array.from(start.labels, BigInt), [batch]);
  const feeds: Record<string, OrtTensor> = { images, labels };
  for (const key of state) {
    const { shape, values } = weightOf(start, key.replace(/\.momentum$/, ""));
    feeds[key] = new ort.Tensor("float32", key.endsWith(".momentum") ? new Float32Array(values.length) : values, shape);
  }
  const step = async (): Promise<number> => {
    const results = await session.run(feeds);
    for (const key of state) feeds[key] = results[next(key)];
    return results["loss"].data[0];
  };
  return { library, batch, step };
}

await serve(open);
