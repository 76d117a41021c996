// Speed of single kernels on one thread, over the shapes of our models. Products and convolutions are held against multiply-adds in
// registers, in GFLOP/s; what only passes over memory against copies of as many bytes, in GB/s and in elements.
import { exp, gelu } from "../ts/kernels/activation.ts";
import { attention, attentionBackward } from "../ts/kernels/attention.ts";
import { add, addRelu, relu, reluBackward } from "../ts/kernels/elementwise.ts";
import { gemmNn, gemmNt, gemmTn } from "../ts/kernels/gemm.ts";
import type { Kernel, Numbers, Role } from "../ts/kernels/kernel.ts";
import { layerNorm, layerNormBackward } from "../ts/kernels/layer-norm.ts";
import { batchNorm, batchNormBackward, batchNormBackwardSums, batchNormMoments } from "../ts/kernels/norm.ts";
import { orthogonalUpdate, orthogonalUpdateBackward } from "../ts/kernels/rowwise.ts";
import { softmax, softmaxCrossEntropy } from "../ts/kernels/softmax.ts";
import { adam, sgd } from "../ts/kernels/update.ts";
import {
  ATTENTION_SHAPES,
  CONV_SHAPES,
  GEMM_SHAPES,
  MEMORY_LEVELS,
  type AttentionShape,
  type ConvShape,
  type GemmShape,
} from "./shapes.ts";
import { ALGORITHMS, convOperations, direct, PASSES } from "./suite/convolutions.ts";
import { callOf, measureGroups, trafficOf, type Call, type Group } from "./suite/kernel-groups.ts";
import { openKernels, pathNote } from "./suite/kernel-room.ts";
import type { Findings, Plan } from "./suite/plan.ts";
import { overBest } from "./suite/statistics.ts";

function gemmGroup({ m, n, k }: GemmShape): Group {
  const shape = m === n && n === k ? String(m) : `${m}x${n}x${k}`;
  const name = `gemm_${shape}`;
  const kernels = [
    ["nn", gemmNn],
    ["tn", gemmTn],
    ["nt", gemmNt],
  ] as const;
  const calls = kernels.map(([form, kernel]) => ({
    name: `gemm_${form}_${shape}`,
    work: 2 * m * n * k,
    prepare: callOf(kernel, { m, n, k }),
  }));
  return { name, bound: "compute", calls };
}

function convGroup({ label, sizes, first = false }: ConvShape): Group {
  const name = `conv_${label}`;
  const work = convOperations(sizes);
  const passes = PASSES.filter((pass) => !first || pass !== "input_gradient");
  const algorithms = ALGORITHMS.filter(({ fits }) => fits(sizes));
  const nameOf = (algorithm: string, pass: string): string =>
    algorithm === direct.name ? `${name}_${pass}` : `${algorithm}_${label}_${pass}`;
  return {
    name,
    bound: "compute",
    calls: passes.flatMap((pass) =>
      algorithms.map((algorithm) => ({ name: nameOf(algorithm.name, pass), work, prepare: algorithm.prepare[pass](sizes) })),
    ),
    ratios: algorithms
      .filter((algorithm) => algorithm !== direct)
      .flatMap((algorithm) =>
        passes.map((pass) => ({
          name: `${algorithm.name}_over_direct_${label}_${pass}`,
          slow: nameOf(direct.name, pass),
          fast: nameOf(algorithm.name, pass),
        })),
      ),
  };
}

/** Attention of `n` samples; operations are those of the products, of which the gradient makes one again. */
function attentionGroup({ n, t, heads, d }: AttentionShape): Group {
  const sizes = { n, t, heads, d, scale: 1 / Math.sqrt(d) };
  const product = 2 * n * heads * t * t * d;
  const name = `attention_t${t}_d${d}_h${heads}_b${n}`;
  return {
    name,
    bound: "compute",
    calls: [
      { name: `${name}_forward`, work: 2 * product, prepare: callOf(attention, sizes) },
      { name: `${name}_backward`, work: 5 * product, prepare: callOf(attentionBackward, sizes) },
    ],
  };
}

/** A kernel whose sizes follow from the number of elements. */
function pass<B extends Record<string, Role>, N extends readonly string[]>(
  name: string,
  kernel: Kernel<B, N>,
  sizesOf: (elements: number) => Numbers<N>,
): (level: (typeof MEMORY_LEVELS)[number]) => Call {
  return (level) => {
    const sample = 2 ** 16;
    const sizes = sizesOf(Math.floor((level.bytes / trafficOf(kernel, sizesOf(sample))) * sample));
    const { length, rows: count, c, cols = c } = sizes as Readonly<Record<string, number | undefined>>;
    const elements = length ?? count! * cols!;
    return { name: `${name}_${level.name}`, work: trafficOf(kernel, sizes), elements, prepare: callOf(kernel, sizes) };
  };
}

const plain = (length: number) => ({ length });
const rows = (c: number) => (elements: number) => ({ rows: Math.max(1, Math.floor(elements / c)), c, relu: 1 });
const rowsOfColumns = (cols: number) => (elements: number) => ({ rows: Math.max(1, Math.floor(elements / cols)), cols });

const sgdSettings = { lr: 0.1, momentum: 0.9, dampening: 0, weightDecay: 5e-4, nesterov: 0, gradientScale: 1, first: 0 };
const adamSettings = {
  ...{ lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 },
  ...{ decoupled: 1, correction1: 0.271, correction2: 0.002997001, gradientScale: 1 },
};

const PASSES_OVER_MEMORY = [
  pass("relu", relu, plain),
  pass("relu_backward", reluBackward, plain),
  pass("add", add, plain),
  pass("add_relu", addRelu, plain),
  pass("exp", exp, plain),
  pass("gelu", gelu, plain),
  pass("batch_norm_moments_c16", batchNormMoments, rows(16)),
  pass("batch_norm_relu_c16", batchNorm, rows(16)),
  pass("batch_norm_backward_sums_c16", batchNormBackwardSums, rows(16)),
  pass("batch_norm_backward_c16", batchNormBackward, (elements) => ({ ...rows(16)(elements), count: elements / 16 })),
  pass("batch_norm_relu_c64", batchNorm, rows(64)),
  pass("orthogonal_update_c16", orthogonalUpdate, (elements) => ({ ...rowsOfColumns(16)(elements), eps: 1e-6 })),
  pass("orthogonal_update_backward_c16", orthogonalUpdateBackward, (elements) => ({ ...rowsOfColumns(16)(elements), eps: 1e-6 })),
  pass("orthogonal_update_c64", orthogonalUpdate, (elements) => ({ ...rowsOfColumns(64)(elements), eps: 1e-6 })),
  pass("softmax_64", softmax, rowsOfColumns(64)),
  pass("softmax_1024", softmax, rowsOfColumns(1024)),
  pass("cross_entropy_10", softmaxCrossEntropy, (elements) => ({ ...rowsOfColumns(10)(elements), smoothing: 0 })),
  pass("layer_norm_384", layerNorm, (elements) => ({ rows: Math.max(1, Math.floor(elements / 384)), c: 384, eps: 1e-5 })),
  pass("layer_norm_backward_384", layerNormBackward, (elements) => ({ rows: Math.max(1, Math.floor(elements / 384)), c: 384 })),
  pass("sgd", sgd, (length) => ({ length, ...sgdSettings })),
  pass("adam", adam, (length) => ({ length, ...adamSettings })),
];

/** Passes in threes, so that a copy is never far away. */
function memoryGroups(level: (typeof MEMORY_LEVELS)[number]): Group[] {
  const calls = PASSES_OVER_MEMORY.map((make) => make(level));
  return Array.from({ length: Math.ceil(calls.length / 3) }, (_, index) => ({
    name: level.name,
    bound: { copyBytes: level.bytes / 2 },
    calls: calls.slice(3 * index, 3 * index + 3),
  }));
}

/** In a quick run: no product above 512, the shapes marked so, memory passes in the second level of cache. */
function groupsOf({ quick }: Plan): Group[] {
  return [
    ...GEMM_SHAPES.filter(({ m, n, k }) => !quick || m * n * k <= 512 * 512 * 512).map(gemmGroup),
    ...CONV_SHAPES.filter((shape) => !quick || shape.quick).map(convGroup),
    ...ATTENTION_SHAPES.filter(({ t }) => !quick || t <= 65).map(attentionGroup),
    ...MEMORY_LEVELS.filter(({ name }) => !quick || name === "l2").flatMap(memoryGroups),
  ];
}

export async function measure(plan: Plan): Promise<Findings> {
  const kernels = openKernels(plan.wasm);
  const { rows: found, chain } = await measureGroups(kernels.module, groupsOf(plan), plan);
  const calm =
    chain.length === 0
      ? []
      : [`The multiply-adds in registers took ${(100 * overBest(chain)).toFixed(1)} % longer in the median than at best.`];
  return {
    rows: found,
    notes: [
      pathNote(kernels),
      "Share: of multiply-adds of four lanes in registers (above 100 % where the engine widens vectors, or where an algorithm does with fewer products), or of copies of as many bytes.",
      ...calm,
    ],
  };
}
