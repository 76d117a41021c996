// Multi-head self-attention: y = P V with P = softmax(scale Q K^T) over the keys, each head of a sample alone.
// qkv is [n, t, 3, heads, d] (queries, keys, values), y [n, t, heads, d]. `stats` holds, for each [n, heads, t], a row's largest score and
// 1 / sum e^(score - largest): what the gradient needs beside qkv. Scores take no memory beyond scratch.
import { kernel, type Numbers } from "./kernel.ts";

const numbers = ["n", "t", "heads", "d", "scale"] as const;

type Sizes = Numbers<typeof numbers>;

const QUERIES = 128;
const four = (rows: number): number => 4 * Math.ceil(rows / 4);
const sixteen = (columns: number): number => 16 * Math.ceil(columns / 16);

function sample(t: number, d: number, heads = 1, n = 1): Sizes {
  return { n, t, heads, d, scale: d === 0 ? 1 : 1 / Math.sqrt(d) };
}

const samples: readonly Sizes[] = [
  sample(0, 8),
  sample(5, 8, 2, 0),
  sample(3, 0),
  ...Array.from({ length: 17 }, (_, index) => sample(index + 1, [8, 16, 5, 32, 1][index % 5], 1 + (index % 3), 2)),
  sample(1, 64, 3, 2),
  sample(16, 64, 2),
  sample(17, 16, 2),
  sample(64, 64),
  sample(64, 8, 2),
  sample(65, 64, 3),
  sample(65, 32),
  sample(128, 16),
  sample(129, 12),
  sample(197, 64),
  sample(197, 8, 2),
  sample(260, 24),
];

/** Places of a head's row in qkv, part 0 to 2, and in y. */
function places({ t, heads, d }: Sizes, sample: number, head: number) {
  return {
    part: (which: number, token: number): number => (((sample * t + token) * 3 + which) * heads + head) * d,
    out: (token: number): number => ((sample * t + token) * heads + head) * d,
    row: (token: number): number => 2 * ((sample * heads + head) * t + token),
  };
}

function dot(a: Float64Array, from: number, b: Float64Array, start: number, d: number): number {
  let sum = 0;
  for (let c = 0; c < d; c++) sum += a[from + c] * b[start + c];
  return sum;
}

function eachHead(sizes: Sizes, work: (at: ReturnType<typeof places>) => void): void {
  for (let sample = 0; sample < sizes.n; sample++) for (let head = 0; head < sizes.heads; head++) work(places(sizes, sample, head));
}

/** y = softmax(scale Q K^T) V. */
export const attention = /* @__PURE__ */ kernel({
  name: "attention_f32",
  buffers: { qkv: "in", y: "out", stats: "out" },
  numbers,
  lengths: ({ n, t, heads, d }) => ({ qkv: 3 * n * t * heads * d, y: n * t * heads * d, stats: d === 0 ? 0 : 2 * n * heads * t }),
  scratch: ({ t, d }) => {
    const block = four(Math.min(t, QUERIES));
    return 16 + sixteen(t) * d + (t + 2 * block) * sixteen(d) + block * (sixteen(t) + 16);
  },
  define: ({ qkv, y, stats }, sizes) => {
    const { t, d, scale } = sizes;
    if (d === 0) return;
    eachHead(sizes, ({ part, out, row }) => {
      for (let i = 0; i < t; i++) {
        const scores = Float64Array.from({ length: t }, (_, j) => scale * dot(qkv, part(0, i), qkv, part(1, j), d));
        const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
        const sum = scores.reduce((total, score) => total + Math.exp(score - largest), 0);
        for (let c = 0; c < d; c++) {
          let value = 0;
          for (let j = 0; j < t; j++) value += Math.exp(scores[j] - largest) * qkv[part(2, j) + c];
          y[out(i) + c] = value / sum;
        }
        stats[row(i)] = largest;
        stats[row(i) + 1] = 1 / sum;
      }
    });
  },
  samples,
  terms: ({ t, d }) => 4 * (t + d),
});

/** dV = P^T dY, dP = dY V^T, dS = P (dP - sum over keys of P dP), dQ = scale dS K, dK = scale dS^T Q; P by the forward's stats. */
export const attentionBackward = /* @__PURE__ */ kernel({
  name: "attention_backward_f32",
  buffers: { qkv: "in", stats: "in", dy: "in", dqkv: "out" },
  numbers,
  lengths: ({ n, t, heads, d }) => ({
    qkv: 3 * n * t * heads * d,
    stats: d === 0 ? 0 : 2 * n * heads * t,
    dy: n * t * heads * d,
    dqkv: 3 * n * t * heads * d,
  }),
  scratch: ({ t, d }) => {
    const block = four(Math.min(t, QUERIES));
    return 16 + 2 * sixteen(t) * d + (t + 2 * four(t) + 3 * block) * sixteen(d) + 2 * block * (sixteen(t) + 16);
  },
  define: ({ qkv, stats, dy, dqkv }, sizes) => {
    const { t, d, scale } = sizes;
    dqkv.fill(0);
    if (d === 0) return;
    eachHead(sizes, ({ part, out, row }) => {
      for (let i = 0; i < t; i++) {
        const share = Float64Array.from(
          { length: t },
          (_, j) => Math.exp(scale * dot(qkv, part(0, i), qkv, part(1, j), d) - stats[row(i)]) * stats[row(i) + 1],
        );
        const slope = Float64Array.from({ length: t }, (_, j) => dot(dy, out(i), qkv, part(2, j), d));
        const mean = dot(share, 0, slope, 0, t);
        for (let j = 0; j < t; j++) {
          const ds = scale * share[j] * (slope[j] - mean);
          for (let c = 0; c < d; c++) {
            dqkv[part(0, i) + c] += ds * qkv[part(1, j) + c];
            dqkv[part(1, j) + c] += ds * qkv[part(0, i) + c];
            dqkv[part(2, j) + c] += share[j] * dy[out(i) + c];
          }
        }
      }
    });
  },
  samples,
  fill: { stats: (index, normal, { t }) => (index % 2 === 0 ? 1 + Math.abs(normal) : (1 + Math.abs(normal)) / Math.max(1, t)) },
  terms: ({ t, d }) => 4 * (t + d),
});
