// TensorFlow.js among the peers, on its WebAssembly, plain JavaScript or WebGPU backend; form is "wasm", "cpu" or "webgpu". The
// WebAssembly backend as it comes does not train this net; see tfjs-kernels.ts. In Node it has one thread.
import { readStart, reordered, weightOf, crossEntropyOf, type Start } from "./exchange.ts";
import { classes, learningRate, momentum, normEpsilon, normKeys, normMomentum, parameterKeys, unitsOf, weightDecay } from "./net.ts";
import { provideGpu } from "./gpu.ts";
import { load, serve, versionOf, type Job, type Opened } from "./serve.ts";
import type { Tf, TfTensor, TfVariable } from "./tfjs-api.ts";
import { supplyKernels, trainingNormRelu } from "./tfjs-kernels.ts";

const none: readonly [number, number] = [0, 0];

class Net {
  readonly trained: TfVariable[] = [];
  private readonly tf: Tf;
  private readonly depth: number;
  private readonly variables = new Map<string, TfVariable>();

  constructor(tf: Tf, depth: number, start: Start) {
    this.tf = tf;
    this.depth = depth;
    for (const key of parameterKeys(depth)) this.trained.push(this.make(key, start, true));
    for (const key of normKeys(depth)) for (const name of ["running_mean", "running_var"]) this.make(`${key}.${name}`, start, false);
  }

  private make(key: string, start: Start, trainable: boolean): TfVariable {
    const given = weightOf(start, key);
    const { shape, values } = given.shape.length === 4 ? reordered(given, [2, 3, 1, 0]) : given;
    const variable = this.tf.variable(this.tf.tensor(values, shape), trainable, key);
    this.variables.set(key, variable);
    return variable;
  }

  private of(key: string): TfVariable {
    return this.variables.get(key)!;
  }

  private follow(key: string, value: TfTensor, factor: number): void {
    const { tf } = this;
    this.of(key).assign(tf.add(tf.mul(this.of(key), 1 - normMomentum), tf.mul(tf.reshape(value, [-1]), normMomentum * factor)));
  }

  private normRelu(x: TfTensor, key: string, training: boolean): TfTensor {
    const { tf } = this;
    const gamma = this.of(`${key}.weight`);
    const beta = this.of(`${key}.bias`);
    if (!training) return tf.relu(tf.batchNorm(x, this.of(`${key}.running_mean`), this.of(`${key}.running_var`), beta, gamma, normEpsilon));
    const { y, mean, variance } = trainingNormRelu(tf, x, gamma, beta, normEpsilon);
    const count = x.shape[0] * x.shape[1] * x.shape[2];
    this.follow(`${key}.running_mean`, mean, 1);
    this.follow(`${key}.running_var`, variance, count / (count - 1));
    return y;
  }

  private conv(x: TfTensor, key: string, stride = 1): TfTensor {
    return this.tf.conv2d(x, this.of(`${key}.weight`), stride, 1);
  }

  /** Every second pixel. By reshape and slice, which have gradients. */
  private halved(x: TfTensor): TfTensor {
    const [n, h, w, c] = x.shape;
    const pairs = this.tf.reshape(x, [(n * h) / 2, 2, w / 2, 2 * c]);
    return this.tf.reshape(this.tf.slice(pairs, [0, 0, 0, 0], [(n * h) / 2, 1, w / 2, c]), [n, h / 2, w / 2, c]);
  }

  logits(images: TfTensor, training: boolean): TfTensor {
    const { tf } = this;
    let x = this.conv(images, "stem.conv");
    for (const { key, inputs, outputs, stride, shared } of unitsOf(this.depth)) {
      const a = this.normRelu(x, `${key}.norm1`, training);
      let stream = shared ? a : x;
      if (stride === 2) stream = tf.pad(this.halved(stream), [none, none, none, [0, outputs - inputs]]);
      const b = this.normRelu(this.conv(a, `${key}.conv1`, stride), `${key}.norm2`, training);
      x = tf.add(stream, this.conv(b, `${key}.conv2`));
    }
    const features = tf.mean(this.normRelu(x, "norm", training), [1, 2]);
    return tf.add(tf.matMul(features, this.of("head.fc.weight"), false, true), this.of("head.fc.bias"));
  }
}

async function open({ file, work, depth, batch, form }: Job): Promise<Opened> {
  if (form === "webgpu") await provideGpu();
  const tf = load<Tf>("@tensorflow/tfjs");
  if (form !== "cpu") load(`@tensorflow/tfjs-backend-${form}`);
  await tf.setBackend(form);
  await tf.ready();
  const supplied = work === "train" && form === "wasm";
  if (supplied) supplyKernels(tf, form);
  const start = readStart(file, batch);
  const net = new Net(tf, depth, start);
  const images = tf.tensor(start.images.values, start.images.shape);
  const oneHot = tf.oneHot(tf.tensor(start.labels, [batch], "int32"), classes);
  const moments = net.trained.map((variable) => tf.variable(tf.mul(variable, 0), false));

  const train = async (): Promise<number> => {
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => tf.losses.softmaxCrossEntropy(oneHot, net.logits(images, true)), net.trained);
      net.trained.forEach((variable, index) => {
        const gradient = tf.add(grads[variable.name], tf.mul(variable, weightDecay));
        moments[index].assign(tf.add(tf.mul(moments[index], momentum), gradient));
        variable.assign(tf.sub(variable, tf.mul(moments[index], learningRate)));
      });
      return value;
    });
    const [found] = await loss.data();
    loss.dispose();
    return found;
  };
  const infer = async (): Promise<number> => {
    const logits = tf.tidy(() => net.logits(images, false));
    const values = await logits.data();
    logits.dispose();
    return crossEntropyOf(values, start.labels);
  };
  const library = `tfjs ${versionOf("@tensorflow/tfjs")}, ${form}${supplied ? " with kernels by hand" : ""}`;
  return { library, batch, step: work === "train" ? train : infer };
}

await serve(open);
