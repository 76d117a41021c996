// Multi-head self-attention: y = P V with P = softmax(scale Q K^T) over the keys, each head of a sample alone.
// qkv is [n, t, 3, heads, d] (queries, keys, values), y [n, t, heads, d]. `stats` holds, for each [n, heads, t], a row's largest score and
// 1 / sum e^(score - largest): what the gradient needs beside qkv. Scores take no memory beyond scratch.
import { kernel, type Numbers } from "./kernel.ts";

const numbers = ["n", "t", "heads", "d", "scale"] as const;

export type AttentionSizes = Numbers<typeof numbers>;

const QUERIES = 128;

const four = (rows: number): number => 4 * Math.ceil(rows / 4);

const sixteen = (columns: number): number => 16 * Math.ceil(columns / 16);

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
});
