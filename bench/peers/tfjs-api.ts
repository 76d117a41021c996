// What the tfjs peer uses of @tensorflow/tfjs: only so much that its programs type-check where the package is not installed.

export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

export interface TfVariable extends TfTensor {
  readonly name: string;
  assign(value: TfTensor): void;
}

export interface KernelCall {
  readonly inputs: Readonly<Record<string, TfTensor>>;
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** An op of x, gamma and beta with its gradient; what is saved comes back to it. */
type CustomOp = (x: TfTensor, gamma: TfTensor, beta: TfTensor, save: (kept: TfTensor[]) => void) => Gradient;

interface Gradient {
  readonly value: TfTensor;
  readonly gradFunc: (dy: TfTensor, saved: TfTensor[]) => TfTensor[];
}

type Pads = readonly (readonly [number, number])[];

export interface Tf {
  readonly losses: { softmaxCrossEntropy(oneHot: TfTensor, logits: TfTensor): TfTensor };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  registerKernel(kernel: { kernelName: string; backendName: string; kernelFunc: (call: KernelCall) => TfTensor }): void;
  unregisterKernel(kernel: string, backend: string): void;
  getKernel(kernel: string, backend: string): unknown;
  tensor(values: ArrayLike<number>, shape?: readonly number[], dtype?: string): TfTensor;
  variable(value: TfTensor, trainable?: boolean, name?: string): TfVariable;
  customGrad(op: CustomOp): (x: TfTensor, gamma: TfTensor, beta: TfTensor) => TfTensor;
  tidy<T>(body: () => T): T;
  variableGrads(body: () => TfTensor, variables?: TfVariable[]): { value: TfTensor; grads: Record<string, TfTensor> };
  add(a: TfTensor, b: TfTensor | number): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor | number): TfTensor;
  relu(x: TfTensor): TfTensor;
  conv2d(x: TfTensor, filter: TfTensor, strides: number, pad: number, dataFormat?: "NHWC", dilations?: number): TfTensor;
  moments(x: TfTensor, axes: readonly number[], keepDims?: boolean): { mean: TfTensor; variance: TfTensor };
  batchNorm(x: TfTensor, mean: TfTensor, variance: TfTensor, offset: TfTensor, scale: TfTensor, epsilon: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  mean(x: TfTensor, axes: readonly number[]): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  transpose(x: TfTensor, axes: readonly number[]): TfTensor;
  slice(x: TfTensor, begin: readonly number[], size: readonly number[]): TfTensor;
  pad(x: TfTensor, pads: Pads): TfTensor;
  reverse(x: TfTensor, axes: readonly number[]): TfTensor;
  rsqrt(x: TfTensor): TfTensor;
  step(x: TfTensor): TfTensor;
  sum(x: TfTensor, axes: readonly number[]): TfTensor;
  oneHot(labels: TfTensor, depth: number): TfTensor;
}
