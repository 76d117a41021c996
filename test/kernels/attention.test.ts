// Attention where a sample of normal deviates does not look: one token, equal scores, huge scores, NaN; and that the bits of a sample and
// a head are the same alone and among others, in any place of a block of queries.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as family from "../../ts/definitions/attention.ts";
import { asKernel, makeInputs, openWasm, runKernel, sameBits } from "./harness.ts";

const test = suite("kernels/attention");
const wasm = openWasm();

type Outputs = Record<string, Float32Array>;
type Sizes = { readonly n: number; readonly t: number; readonly heads: number; readonly d: number; readonly scale: number };

const run = (kernel: unknown, inputs: Outputs, sizes: Sizes): Outputs => runKernel(wasm, asKernel(kernel), inputs, sizes);

/** Columns `from` to `to` of rows of `width`. */
function columns(values: Float32Array, width: number, from: number, to: number): Float32Array {
  return values.filter((_, index) => index % width >= from && index % width < to);
}

/** One head's part of qkv of a net with `heads`. */
function headOf(qkv: Float32Array, heads: number, d: number, head: number): Float32Array {
  return columns(qkv, heads * d, head * d, (head + 1) * d);
}

test("one token gives its values, and errors go back to them alone", () => {
  const sizes = { n: 2, t: 1, heads: 2, d: 5, scale: 0.3 };
  const { qkv } = makeInputs(asKernel(family.attention), sizes, 1);
  const { y, stats } = run(family.attention, { qkv }, sizes);
  const values = qkv.filter((_, index) => index % 30 >= 20);
  assert.equal([...y], [...values]);
  assert.ok([0, 1, 2, 3].every((row) => stats[2 * row + 1] === 1));
  const dy = y.map((_, index) => Math.fround(Math.sin(index)));
  const { dqkv } = run(family.attentionBackward, { qkv, stats, dy }, sizes);
  dqkv.forEach((value, index) => {
    const [row, column] = [Math.floor(index / 30), index % 30];
    assert.is(value === 0 ? 0 : value, column < 20 ? 0 : dy[row * 10 + column - 20]);
  });
});

test("equal keys share equally", () => {
  const [t, d] = [8, 4];
  const qkv = Float32Array.from({ length: t * 3 * d }, (_, index) => {
    const [token, part] = [Math.floor(index / (3 * d)), Math.floor((index % (3 * d)) / d)];
    return part === 2 ? token : part === 1 ? 0.5 : Math.fround(Math.cos(index));
  });
  const { y, stats } = run(family.attention, { qkv }, { n: 1, t, heads: 1, d, scale: 0.5 });
  assert.ok(y.every((value) => value === 3.5));
  for (let token = 0; token < t; token++) assert.is(stats[2 * token + 1], 0.125);
});

test("scores of any size neither overflow nor vanish", () => {
  const [t, d] = [3, 4];
  for (const size of [1e4, 1e18]) {
    // Token j has key j - 1 in its first column, all queries the size.
    const qkv = Float32Array.from({ length: t * 3 * d }, (_, index) => {
      const [token, part, column] = [Math.floor(index / (3 * d)), Math.floor((index % (3 * d)) / d), index % d];
      if (part === 2) return token;
      return column > 0 ? 0 : part === 0 ? size : token - 1;
    });
    const sizes = { n: 1, t, heads: 1, d, scale: 1 };
    const { y, stats } = run(family.attention, { qkv }, sizes);
    assert.ok(y.every((value) => value === 2));
    const { dqkv } = run(family.attentionBackward, { qkv, stats, dy: y }, sizes);
    assert.ok(dqkv.every((value) => Number.isFinite(value)));
  }
});

test("NaN makes its query's row, and what it is a key of, NaN, and nothing else", () => {
  const sizes = { n: 2, t: 6, heads: 2, d: 4, scale: 0.5 };
  const { qkv } = makeInputs(asKernel(family.attention), sizes, 2);
  const row = 3 * sizes.heads * sizes.d;
  /** Rows of y, [n, t, heads], that hold a NaN. */
  const found = (at: number): boolean[] => {
    const { y } = run(family.attention, { qkv: qkv.map((value, index) => (index === at ? NaN : value)) }, sizes);
    return Array.from({ length: y.length / sizes.d }, (_, place) => y.subarray(place * sizes.d, (place + 1) * sizes.d).some(Number.isNaN));
  };
  // Query of sample 1, token 2, head 1.
  assert.equal(
    found((6 + 2) * row + 1 * 4 + 3).flatMap((bad, place) => (bad ? [place] : [])),
    [(6 + 2) * 2 + 1],
  );
  // Key of sample 0, token 4, head 0: all queries of that head.
  assert.equal(
    found(4 * row + 8 + 1).flatMap((bad, place) => (bad ? [place] : [])),
    [0, 2, 4, 6, 8, 10],
  );
});

test("a sample's and a head's bits do not depend on the others", () => {
  for (const { t, d } of [
    { t: 5, d: 8 },
    { t: 65, d: 12 },
    { t: 131, d: 16 },
  ]) {
    const sizes = { n: 3, t, heads: 2, d, scale: 0.3 };
    const { qkv } = makeInputs(asKernel(family.attention), sizes, 3);
    const dy = makeInputs(asKernel(family.attentionBackward), sizes, 4).dy;
    const forward = run(family.attention, { qkv }, sizes);
    const { dqkv } = run(family.attentionBackward, { qkv, stats: forward.stats, dy }, sizes);
    const one = { ...sizes, n: 1, heads: 1 };
    const [many, y, stats] = [3 * t * 2 * d, t * 2 * d, 2 * t];
    for (let sample = 0; sample < 3; sample++)
      for (let head = 0; head < 2; head++) {
        const own = (values: Float32Array, length: number): Float32Array =>
          headOf(values.slice(sample * length, (sample + 1) * length), 2, d, head);
        const alone = run(family.attention, { qkv: own(qkv, many) }, one);
        assert.ok(sameBits(alone.y, own(forward.y, y)), `y of ${t} tokens, sample ${sample}, head ${head}`);
        const from = (sample * 2 + head) * stats;
        assert.ok(sameBits(alone.stats, forward.stats.slice(from, from + stats)));
        const back = run(family.attentionBackward, { qkv: own(qkv, many), stats: alone.stats, dy: own(dy, y) }, one);
        assert.ok(sameBits(back.dqkv, own(dqkv, many)), `dqkv of ${t} tokens, sample ${sample}, head ${head}`);
      }
  }
});

test("a query's bits do not depend on its place", () => {
  const sizes = { n: 1, t: 140, heads: 1, d: 16, scale: 0.25 };
  const { qkv } = makeInputs(asKernel(family.attention), sizes, 5);
  // Queries turned by 37 places, keys and values left.
  const turned = qkv.slice();
  for (let token = 0; token < 140; token++) turned.set(qkv.subarray(token * 48, token * 48 + 16), ((token + 37) % 140) * 48);
  const [a, b] = [qkv, turned].map((given) => run(family.attention, { qkv: given }, sizes).y);
  for (let token = 0; token < 140; token++) {
    const to = (token + 37) % 140;
    assert.ok(sameBits(a.slice(token * 16, token * 16 + 16), b.slice(to * 16, to * 16 + 16)), `query ${token}`);
  }
});

test.run();
