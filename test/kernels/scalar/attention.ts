// Attention: scores and weighted sums are chains from 0 in ascending order, sums along a row of scores go to sixteen accumulators, and
// gradients of keys and values are sums over blocks of 128 queries, added in order.
import * as kernels from "../../../ts/definitions/attention.ts";
import type { Numbers } from "../../../ts/kernels/kernel.ts";
import { expNormal } from "./functions.ts";
import { f, lanes16, madd, scalar, type Scalar } from "./scalar.ts";

const BLOCK = 128;

type Sizes = Numbers<readonly ["n", "t", "heads", "d", "scale"]>;

/** The sum of products of rows of two lists. */
function chain(length: number, a: (index: number) => number, b: (index: number) => number): number {
  let sum = 0;
  for (let index = 0; index < length; index++) sum = madd(a(index), b(index), sum);
  return sum;
}

function rowSum(length: number, at: (j: number) => number): number {
  const sums = new Float32Array(16);
  for (let j = 0; j < length; j++) sums[j % 16] += at(j);
  return lanes16(sums);
}

/** Calls `work` for every sample and head with the places of a token's query, key, value, output and statistics. */
function eachHead(
  { n, t, heads, d }: Sizes,
  work: (part: (which: number, token: number) => number, out: (token: number) => number, row: (token: number) => number) => void,
): void {
  if (t <= 0 || d <= 0) return;
  for (let sample = 0; sample < n; sample++)
    for (let head = 0; head < heads; head++)
      work(
        (which, token) => (((sample * t + token) * 3 + which) * heads + head) * d,
        (token) => ((sample * t + token) * heads + head) * d,
        (token) => 2 * ((sample * heads + head) * t + token),
      );
}

export const attention: readonly Scalar[] = [
  scalar(kernels.attention, ({ qkv, y, stats }, sizes) => {
    const { t, d } = sizes;
    const scale = f(sizes.scale);
    eachHead(sizes, (part, out, row) => {
      for (let i = 0; i < t; i++) {
        const query = Array.from({ length: d }, (_, c) => f(qkv[part(0, i) + c] * scale));
        const scores = Array.from({ length: t }, (_, j) =>
          chain(
            d,
            (c) => query[c],
            (c) => qkv[part(1, j) + c],
          ),
        );
        const top = scores.reduce((most, score) => (most < score ? score : most), -Infinity);
        const e = scores.map((score) => expNormal(f(score - top)));
        const factor = f(1 / rowSum(t, (j) => e[j]));
        for (let c = 0; c < d; c++)
          y[out(i) + c] =
            chain(
              t,
              (j) => e[j],
              (j) => qkv[part(2, j) + c],
            ) * factor;
        stats[row(i)] = top;
        stats[row(i) + 1] = factor;
      }
    });
  }),
  scalar(kernels.attentionBackward, ({ qkv, stats, dy, dqkv }, sizes) => {
    const { t, d } = sizes;
    const scale = f(sizes.scale);
    eachHead(sizes, (part, out, row) => {
      for (let from = 0; from < t; from += BLOCK) {
        const count = Math.min(BLOCK, t - from);
        const rows = Array.from({ length: count }, (_, index) => {
          const i = from + index;
          const query = Array.from({ length: d }, (_none, c) => f(qkv[part(0, i) + c] * scale));
          const scores = Array.from({ length: t }, (_none, j) =>
            chain(
              d,
              (c) => query[c],
              (c) => qkv[part(1, j) + c],
            ),
          );
          const slopes = Array.from({ length: t }, (_none, j) =>
            chain(
              d,
              (c) => dy[out(i) + c],
              (c) => qkv[part(2, j) + c],
            ),
          );
          const shares = scores.map((score) => f(expNormal(f(score - stats[row(i)])) * stats[row(i) + 1]));
          const mean = rowSum(t, (j) => f(shares[j] * slopes[j]));
          const gradients = shares.map((share, j) => f(share * f(slopes[j] - mean)));
          for (let c = 0; c < d; c++)
            dqkv[part(0, i) + c] =
              chain(
                t,
                (j) => gradients[j],
                (j) => qkv[part(1, j) + c],
              ) * scale;
          return { i, query, shares, gradients };
        });
        for (let j = 0; j < t; j++)
          for (let c = 0; c < d; c++) {
            const key = chain(
              count,
              (index) => rows[index].gradients[j],
              (index) => rows[index].query[c],
            );
            const value = chain(
              count,
              (index) => rows[index].shares[j],
              (index) => dy[out(rows[index].i) + c],
            );
            dqkv[part(1, j) + c] = from === 0 ? key : dqkv[part(1, j) + c] + key;
            dqkv[part(2, j) + c] = from === 0 ? value : dqkv[part(2, j) + c] + value;
          }
      }
    });
  }),
];
