// What tfjs's WebAssembly backend lacks for training this net, made from its own operations.
//   Conv2DBackpropFilter  is not there: the first backward pass of the package as it is ends in "Kernel 'Conv2DBackpropFilter' not
//                         registered for backend 'wasm'". Here: a convolution of images with gradients, batch and channels exchanged.
//   Conv2DBackpropInput   is there, in plain loops, 6 times slower than this convolution with the turned filter.
//   batch norm            its gradient in tfjs repeats statistics to the size of the images; here one formula instead.
import type { KernelCall, Tf, TfTensor } from "./tfjs-api.ts";

interface ConvAttributes {
  readonly strides: number | readonly number[];
  readonly pad: number;
}

function strideOf({ strides }: ConvAttributes): number {
  return typeof strides === "number" ? strides : strides[0];
}

function filterGradient(tf: Tf, { inputs: { x, dy }, attrs }: KernelCall): TfTensor {
  const { pad } = attrs as unknown as ConvAttributes;
  const [rows, columns, c, k] = attrs["filterShape"] as number[];
  const stride = strideOf(attrs as unknown as ConvAttributes);
  return tf.tidy(() => {
    const sum = tf.conv2d(tf.transpose(x, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3]), 1, pad, "NHWC", stride);
    return tf.transpose(tf.slice(sum, [0, 0, 0, 0], [c, rows, columns, k]), [1, 2, 0, 3]);
  });
}

/** Zeros after every pixel and every row: [N,H,W,K] to [N,2H,2W,K]. */
function spread(tf: Tf, dy: TfTensor): TfTensor {
  const [n, h, w, k] = dy.shape;
  const after = (x: TfTensor, shape: readonly number[]): TfTensor =>
    tf.pad(tf.reshape(x, shape), [
      [0, 0],
      [0, 1],
      [0, 0],
    ]);
  return tf.reshape(after(after(dy, [n * h * w, 1, k]), [n * h, 1, 2 * w * k]), [n, 2 * h, 2 * w, k]);
}

function inputGradient(tf: Tf, { inputs: { dy, filter }, attrs }: KernelCall): TfTensor {
  const attributes = attrs as unknown as ConvAttributes;
  return tf.tidy(() => {
    const turned = tf.reverse(tf.transpose(filter, [0, 1, 3, 2]), [0, 1]);
    const gradients = strideOf(attributes) === 2 ? spread(tf, dy) : dy;
    return tf.conv2d(gradients, turned, 1, filter.shape[0] - 1 - attributes.pad);
  });
}

/** Registers both convolutions. For 3x3 filters at stride 1 or 2 on images of even size, which is all that this net has. */
export function supplyKernels(tf: Tf, backendName: string): void {
  if (!tf.getKernel("Conv2DBackpropFilter", backendName))
    tf.registerKernel({ kernelName: "Conv2DBackpropFilter", backendName, kernelFunc: (call) => filterGradient(tf, call) });
  if (tf.getKernel("Conv2DBackpropInput", backendName)) tf.unregisterKernel("Conv2DBackpropInput", backendName);
  tf.registerKernel({ kernelName: "Conv2DBackpropInput", backendName, kernelFunc: (call) => inputGradient(tf, call) });
}

export interface NormResult {
  readonly y: TfTensor;
  readonly mean: TfTensor;
  readonly variance: TfTensor;
}

/** relu((x - mean) / sqrt(variance + epsilon) * gamma + beta) by the statistics of the batch. */
export function trainingNormRelu(tf: Tf, x: TfTensor, gamma: TfTensor, beta: TfTensor, epsilon: number): NormResult {
  const axes = [0, 1, 2];
  const count = x.shape[0] * x.shape[1] * x.shape[2];
  const { mean, variance } = tf.moments(x, axes, true);
  const flat = (statistic: TfTensor): TfTensor => tf.reshape(statistic, [-1]);
  const inverse = tf.rsqrt(tf.add(variance, epsilon));
  const op = tf.customGrad((x0, gamma0, beta0, save) => {
    const y = tf.relu(tf.batchNorm(x0, flat(mean), flat(variance), beta0, gamma0, epsilon));
    save([x0, y, gamma0, mean, inverse]);
    const gradFunc = (dy: TfTensor, [x1, y1, gamma1, mean1, inverse1]: TfTensor[]): TfTensor[] => {
      const g = tf.mul(dy, tf.step(y1));
      const normal = tf.mul(tf.sub(x1, mean1), inverse1);
      const dBeta = tf.sum(g, axes);
      const dGamma = tf.sum(tf.mul(g, normal), axes);
      const centered = tf.sub(g, tf.add(tf.mul(normal, tf.mul(dGamma, 1 / count)), tf.mul(dBeta, 1 / count)));
      return [tf.mul(centered, tf.mul(inverse1, gamma1)), dGamma, dBeta];
    };
    return { value: y, gradFunc };
  });
  return { y: op(x, gamma, beta), mean, variance };
}
