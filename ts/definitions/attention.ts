// What the kernels of ts/kernels/attention.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/attention.ts";
import type { AttentionSizes as Sizes } from "../kernels/attention.ts";
import { defined } from "./definition.ts";

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

export const attention = /* @__PURE__ */ defined(kernels.attention, {
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

export const attentionBackward = /* @__PURE__ */ defined(kernels.attentionBackward, {
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
