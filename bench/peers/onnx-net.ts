// The net as ONNX graphs: evaluation, and a whole training step with its gradients and its SGD update written out.
import { weightOf, type Start } from "./exchange.ts";
import {
  classes,
  learningRate,
  momentum,
  normEpsilon,
  normKeys,
  normMomentum,
  parameterKeys,
  unitsOf,
  weightDecay,
  type Unit,
} from "./net.ts";
import { GraphBuilder } from "./onnx-graph.ts";

const convolution = (stride: number): Record<string, readonly number[]> => ({
  kernel_shape: [3, 3],
  pads: [1, 1, 1, 1],
  strides: [stride, stride],
});

interface Forward {
  readonly batch: number;
  readonly units: readonly Unit[];
  readonly normRelu: (x: string, key: string) => string;
  readonly graph: GraphBuilder;
}

/** What the gradient of a unit needs of its forward pass. */
interface Trace {
  readonly unit: Unit;
  readonly a: string;
  readonly b: string;
}

const axes = [2, 3];

/** Where a unit halves the image: every second pixel, zeros for new channels. */
function halved({ graph }: Forward, x: string, { inputs, outputs, side }: Unit): string {
  const sampled = graph.one("Slice", [x, graph.sizes(0, 0), graph.sizes(side, side), graph.sizes(...axes), graph.sizes(2, 2)]);
  return graph.one("Pad", [sampled, graph.sizes(0, 0, 0, 0, 0, outputs - inputs, 0, 0)]);
}

/** Logits, with what was made on the way. */
function forward(net: Forward, images: string): { logits: string; features: string; last: string; traces: Trace[] } {
  const { graph, normRelu, units } = net;
  const traces: Trace[] = [];
  const conv = (x: string, key: string, stride = 1): string => graph.one("Conv", [x, `${key}.weight`], convolution(stride));
  let x = conv(images, "stem.conv");
  for (const unit of units) {
    const { key, stride, shared } = unit;
    const a = normRelu(x, `${key}.norm1`);
    const source = shared ? a : x;
    const stream = stride === 2 ? halved(net, source, unit) : source;
    const b = normRelu(conv(a, `${key}.conv1`, stride), `${key}.norm2`);
    x = graph.one("Add", [stream, conv(b, `${key}.conv2`)]);
    traces.push({ unit, a, b });
  }
  const last = normRelu(x, "norm");
  const features = graph.one("Flatten", [graph.one("GlobalAveragePool", [last])]);
  const logits = graph.one("Gemm", [features, "head.fc.weight", "head.fc.bias"], { transB: 1 });
  return { logits, features, last, traces };
}

/** Images [N,C,H,W] to logits by running statistics; weights inside. */
export function evaluationModel(depth: number, batch: number, start: Start): Uint8Array {
  const graph = new GraphBuilder();
  for (const [key, value] of start.weights) graph.initializer(key, value);
  const normRelu = (x: string, key: string): string => {
    const inputs = [x, `${key}.weight`, `${key}.bias`, `${key}.running_mean`, `${key}.running_var`];
    return graph.one("Relu", [graph.one("BatchNormalization", inputs, { epsilon: { float: normEpsilon } })]);
  };
  const { logits } = forward({ batch, units: unitsOf(depth), normRelu, graph }, graph.input("images", [batch, 3, 32, 32]));
  graph.op("Identity", [logits], {}, ["logits"]);
  graph.output("logits", [batch, classes]);
  return graph.finish(15);
}

/** Gradients of all parameters by key. */
function backward(net: Forward, norms: ReadonlyMap<string, NormTrace>, seen: ReturnType<typeof forward>, start: string, images: string) {
  const { graph, batch } = net;
  const gradients = new Map<string, string>();
  const conv = (dy: string, x: string, key: string, stride = 1, wanted = true): string => {
    const outputs = wanted ? 2 : ["", `${key}.weight.gradient`];
    const [dx, dw] = graph.op("com.microsoft:ConvGrad", [dy, x, `${key}.weight`], convolution(stride), outputs);
    gradients.set(`${key}.weight`, dw);
    return dx;
  };
  const normRelu = (dy: string, y: string, key: string): string => {
    const { x, mean, inverse } = norms.get(key)!;
    const g = graph.one("com.microsoft:ReluGrad", [dy, y]);
    const inputs = [g, x, `${key}.weight`, mean, inverse];
    const [dx, dGamma, dBeta] = graph.op("com.microsoft:BatchNormalizationGrad", inputs, { epsilon: { float: normEpsilon } }, 3);
    gradients.set(`${key}.weight`, dGamma).set(`${key}.bias`, dBeta);
    return dx;
  };
  gradients.set("head.fc.weight", graph.one("Gemm", [start, seen.features], { transA: 1 }));
  gradients.set("head.fc.bias", graph.one("ReduceSum", [start, graph.sizes(0)], { keepdims: 0 }));
  const { outputs: c, side, stride } = net.units.at(-1)!;
  const pixels = side / stride;
  const spread = graph.one("Mul", [graph.one("Gemm", [start, "head.fc.weight"]), graph.scalar(1 / (pixels * pixels))]);
  const pooled = graph.one("Reshape", [spread, graph.sizes(batch, c, 1, 1)]);
  let dy = normRelu(graph.one("Expand", [pooled, graph.sizes(batch, c, pixels, pixels)]), seen.last, "norm");
  for (const { unit, a, b } of [...seen.traces].reverse()) {
    const { key, inputs, stride: step, shared, side: size } = unit;
    let stream = dy;
    if (step === 2) {
      const kept = graph.one("Slice", [dy, graph.sizes(0), graph.sizes(inputs), graph.sizes(1)]);
      const shape = graph.sizes(batch, inputs, size, size);
      const places = [graph.sizes(0, 0), graph.sizes(size, size), graph.sizes(...axes), graph.sizes(2, 2)];
      stream = graph.one("com.microsoft:SliceGrad", [kept, shape, ...places]);
    }
    const inner = normRelu(conv(dy, b, `${key}.conv2`), b, `${key}.norm2`);
    const branch = conv(inner, a, `${key}.conv1`, step);
    dy = shared
      ? normRelu(graph.one("Add", [branch, stream]), a, `${key}.norm1`)
      : graph.one("Add", [normRelu(branch, a, `${key}.norm1`), stream]);
  }
  conv(dy, images, "stem.conv", 1, false);
  return gradients;
}

interface NormTrace {
  readonly x: string;
  readonly mean: string;
  readonly inverse: string;
}

/** What an output of the training model becomes in the next step: the input without the prime. */
export const next = (key: string): string => `${key}'`;

/**
 * One training step: images, labels, parameters, `<key>.momentum` and running statistics to "loss" and the next value of each. The
 * operators of com.microsoft are in builds of ONNX Runtime for training only.
 */
export function trainingModel(depth: number, batch: number, start: Start): { model: Uint8Array; state: string[] } {
  const graph = new GraphBuilder();
  const state: string[] = [];
  const variable = (key: string, shape: readonly number[]): void => {
    state.push(key);
    graph.input(key, shape);
    graph.output(next(key), shape);
  };
  const parameters = parameterKeys(depth);
  for (const key of parameters) {
    const { shape } = weightOf(start, key);
    variable(key, shape);
    variable(`${key}.momentum`, shape);
  }
  for (const key of normKeys(depth))
    for (const name of ["running_mean", "running_var"]) variable(`${key}.${name}`, weightOf(start, `${key}.${name}`).shape);
  const images = graph.input("images", [batch, 3, 32, 32]);
  const labels = graph.input("labels", [batch], { whole: true });

  const norms = new Map<string, NormTrace>();
  const normRelu = (x: string, key: string): string => {
    const inputs = [x, `${key}.weight`, `${key}.bias`, `${key}.running_mean`, `${key}.running_var`];
    const [mean, variance] = [next(`${key}.running_mean`), next(`${key}.running_var`)];
    const outputs = [`${key}.y`, mean, variance, `${key}.mean`, `${key}.inverse`];
    // Its momentum is the share that stays.
    const attributes = { epsilon: { float: normEpsilon }, momentum: { float: 1 - normMomentum }, training_mode: 1 };
    const [y] = graph.op("com.microsoft:BatchNormInternal", inputs, attributes, outputs);
    norms.set(key, { x, mean: `${key}.mean`, inverse: `${key}.inverse` });
    return graph.one("Relu", [y]);
  };
  const net: Forward = { batch, units: unitsOf(depth), normRelu, graph };
  const seen = forward(net, images);
  const [loss, logProbabilities] = graph.op("SoftmaxCrossEntropyLoss", [seen.logits, labels], {}, ["loss", "logProbabilities"]);
  graph.output(loss, []);
  const first = graph.one("com.microsoft:SoftmaxCrossEntropyLossGrad", [graph.scalar(1), logProbabilities, labels]);
  const gradients = backward(net, norms, seen, first, images);
  for (const key of parameters) {
    const decayed = graph.one("Add", [gradients.get(key)!, graph.one("Mul", [key, graph.scalar(weightDecay)])]);
    const kept = graph.one("Mul", [`${key}.momentum`, graph.scalar(momentum)]);
    graph.op("Add", [kept, decayed], {}, [next(`${key}.momentum`)]);
    graph.op("Sub", [key, graph.one("Mul", [next(`${key}.momentum`), graph.scalar(learningRate)])], {}, [next(key)]);
  }
  return { model: graph.finish(15), state };
}
