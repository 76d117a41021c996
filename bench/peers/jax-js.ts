// jax-js among the peers, on its WebAssembly device (one thread in Node) or on WebGPU by form, images [N,C,H,W]. Arrays are owned by whom they are passed to:
// a use that is not the last one is `x.ref`. The whole step is one jit.
import { crossEntropyOf, readStart, reordered, weightOf } from "./exchange.ts";
import { classes, learningRate, momentum, normEpsilon, normKeys, normMomentum, parameterKeys, unitsOf, weightDecay } from "./net.ts";
import { provideGpu } from "./gpu.ts";
import { load, serve, versionOf, type Job, type Opened } from "./serve.ts";

interface Value {
  readonly ref: this;
  readonly shape: number[];
  add(other: Value | number): Value;
  sub(other: Value | number): Value;
  mul(other: Value | number): Value;
  mean(axes: readonly number[], options?: { keepdims: boolean }): Value;
  sum(): Value;
  reshape(shape: readonly number[]): Value;
  transpose(): Value;
  slice(...index: readonly (number | readonly number[])[]): Value;
  data(): Promise<Float32Array>;
}

type Values = Record<string, Value>;

/** State that a training step makes anew. */
interface State {
  readonly weights: Values;
  readonly moments: Values;
  readonly running: Values;
}

interface Jax {
  readonly numpy: {
    array(values: Float32Array): Value;
    matmul(a: Value, b: Value): Value;
    pad(x: Value, pads: readonly (readonly [number, number])[]): Value;
    reciprocal(x: Value): Value;
    sqrt(x: Value): Value;
    square(x: Value): Value;
  };
  readonly nn: { relu(x: Value): Value; logSoftmax(x: Value, axis: number): Value };
  readonly lax: {
    convGeneralDilated(x: Value, filter: Value, strides: readonly number[], pads: readonly (readonly [number, number])[]): Value;
    stopGradient(x: Value): Value;
  };
  readonly tree: { ref<T>(tree: T): T };
  init(...devices: string[]): Promise<string[]>;
  defaultDevice(device: string): string;
  blockUntilReady(tree: unknown): Promise<unknown>;
  jit<A extends unknown[], R>(f: (...inputs: A) => R): (...inputs: A) => R;
  valueAndGrad<A extends unknown[], X>(
    f: (weights: Values, ...rest: A) => [Value, X],
    options: { hasAux: true },
  ): (weights: Values, ...rest: A) => [[Value, X], Values];
}

type Norm = (x: Value, key: string) => Value;

const spatial = [0, 2, 3];
const none: readonly [number, number] = [0, 0];

function mapped(values: Values, f: (value: Value, key: string) => Value): Values {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, f(value, key)]));
}

/** [C] as [1,C,1,1]. */
function channels(value: Value): Value {
  return value.reshape([1, value.shape[0], 1, 1]);
}

/** Every second pixel. */
function halved(x: Value): Value {
  const [n, c, h, w] = x.shape;
  return x.reshape([n, c, h / 2, 2, w / 2, 2]).slice([], [], [], 0, [], 0);
}

function logitsOf({ numpy: np, nn, lax }: Jax, depth: number, weights: Values, images: Value, norm: Norm): Value {
  const conv = (x: Value, key: string, stride = 1): Value =>
    lax.convGeneralDilated(
      x,
      weights[`${key}.weight`].ref,
      [stride, stride],
      [
        [1, 1],
        [1, 1],
      ],
    );
  const normRelu: Norm = (x, key) =>
    nn.relu(
      norm(x, key)
        .mul(channels(weights[`${key}.weight`].ref))
        .add(channels(weights[`${key}.bias`].ref)),
    );
  let x = conv(images, "stem.conv");
  for (const { key, inputs, outputs, stride, shared } of unitsOf(depth)) {
    const a = normRelu(shared ? x : x.ref, `${key}.norm1`);
    const source = shared ? a.ref : x;
    const stream = stride === 2 ? np.pad(halved(source), [none, [0, outputs - inputs], none, none]) : source;
    const b = normRelu(conv(a, `${key}.conv1`, stride), `${key}.norm2`);
    x = stream.add(conv(b, `${key}.conv2`));
  }
  const features = normRelu(x, "norm").mean([2, 3]);
  return np.matmul(features, weights["head.fc.weight"].ref.transpose()).add(weights["head.fc.bias"].ref);
}

/** One training step as a function of the state. */
function trainingStep(jax: Jax, depth: number): (state: State, images: Value, oneHot: Value) => [Value, State] {
  const { numpy: np, nn, lax } = jax;
  const learn = jax.valueAndGrad(
    (weights: Values, images: Value, oneHot: Value): [Value, Values] => {
      const statistics: Values = {};
      const normalize: Norm = (x, key) => {
        const mean = x.ref.mean(spatial, { keepdims: true });
        const centered = x.sub(mean.ref);
        const variance = np.square(centered.ref).mean(spatial, { keepdims: true });
        const [n, c, h, w] = centered.shape;
        const unbiased = (n * h * w) / (n * h * w - 1);
        statistics[`${key}.running_mean`] = lax.stopGradient(mean.reshape([c]));
        statistics[`${key}.running_var`] = lax.stopGradient(variance.ref.reshape([c]).mul(unbiased));
        return centered.mul(np.reciprocal(np.sqrt(variance.add(normEpsilon))));
      };
      const logits = logitsOf(jax, depth, weights, images, normalize);
      const loss = nn
        .logSoftmax(logits, 1)
        .mul(oneHot)
        .sum()
        .mul(-1 / images.shape[0]);
      return [loss, statistics];
    },
    { hasAux: true },
  );
  return ({ weights, moments, running }, images, oneHot) => {
    const [[loss, statistics], gradients] = learn(jax.tree.ref(weights), images, oneHot);
    const nextMoments = mapped(moments, (m, key) => m.mul(momentum).add(gradients[key].add(weights[key].ref.mul(weightDecay))));
    const nextWeights = mapped(weights, (w, key) => w.sub(nextMoments[key].ref.mul(learningRate)));
    const nextRunning = mapped(running, (r, key) => r.mul(1 - normMomentum).add(statistics[key].mul(normMomentum)));
    return [loss, { weights: nextWeights, moments: nextMoments, running: nextRunning }];
  };
}

async function open({ file, work, depth, batch, form }: Job): Promise<Opened> {
  const device = form === "webgpu" ? form : "wasm";
  if (device === "webgpu") await provideGpu();
  const jax = load<Jax>("@jax-js/jax");
  if (!(await jax.init(device)).includes(device)) throw new Error(`jax-js has no device ${device} here`);
  jax.defaultDevice(device);
  const { numpy: np } = jax;
  const start = readStart(file, batch);
  const initial = (keys: readonly string[]): Values =>
    Object.fromEntries(
      keys.map((key) => {
        const { shape, values } = weightOf(start, key);
        return [key, np.array(values).reshape(shape)];
      }),
    );
  const statisticsKeys = normKeys(depth).flatMap((key) => [`${key}.running_mean`, `${key}.running_var`]);
  const weights = initial(parameterKeys(depth));
  const moments = mapped(weights, (weight) => weight.ref.mul(0));
  let state: State = { weights, moments, running: initial(statisticsKeys) };
  const nchw = reordered(start.images, [0, 3, 1, 2]);
  const images = np.array(nchw.values).reshape(nchw.shape);
  const marks = new Float32Array(batch * classes);
  start.labels.forEach((label, row) => (marks[row * classes + label] = 1));
  const oneHot = np.array(marks).reshape([batch, classes]);

  const step = jax.jit(trainingStep(jax, depth));
  const train = async (): Promise<number> => {
    const [loss, next] = step(state, images.ref, oneHot.ref);
    await jax.blockUntilReady(next);
    state = next;
    return (await loss.data())[0];
  };
  const forward = jax.jit(({ weights: w, running }: State, given: Value) =>
    logitsOf(jax, depth, w, given, (x, key) => {
      const scale = np.reciprocal(np.sqrt(running[`${key}.running_var`].add(normEpsilon)));
      return x.sub(channels(running[`${key}.running_mean`])).mul(channels(scale));
    }),
  );
  const infer = async (): Promise<number> => crossEntropyOf(await forward(jax.tree.ref(state), images.ref).data(), start.labels);
  return {
    library: `jax-js ${versionOf("@jax-js/jax")}${device === "webgpu" ? ", webgpu" : ""}`,
    batch,
    step: work === "train" ? train : infer,
  };
}

await serve(open);
