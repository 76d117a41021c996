// Philox against Random123's published vectors, the streams built on it, and the distributions they should have.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { philox, stream } from "../ts/random.ts";
import { saying } from "./saying.ts";

const random = suite("random");

random("Philox4x32-10 gives the known answers of Random123", () => {
  const out = new Uint32Array(6);
  const cases = [
    { counter: [0, 0, 0, 0], key: [0, 0], wanted: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      wanted: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      wanted: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ];
  for (const { counter, key, wanted } of cases) {
    out.fill(0);
    philox(out, 1, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
    assert.equal([...out], [0, ...wanted, 0]);
  }
});

random("Philox agrees with its definition in exact integers", () => {
  const out = new Uint32Array(4);
  const words = stream(1, "test/inputs").cursor();
  for (let run = 0; run < 500; run++) {
    const c = Array.from({ length: 4 }, () => BigInt(words.uint32()));
    const k = Array.from({ length: 2 }, () => BigInt(words.uint32()));
    philox(out, 0, Number(c[0]), Number(c[1]), Number(c[2]), Number(c[3]), Number(k[0]), Number(k[1]));
    for (let round = 0; round < 10; round++) {
      const a = c[0] * 0xd2511f53n;
      const b = c[2] * 0xcd9e8d57n;
      const next = [(b >> 32n) ^ c[1] ^ k[0], b & 0xffffffffn, (a >> 32n) ^ c[3] ^ k[1], a & 0xffffffffn];
      next.forEach((word, i) => (c[i] = word));
      k[0] = (k[0] + 0x9e3779b9n) & 0xffffffffn;
      k[1] = (k[1] + 0xbb67ae85n) & 0xffffffffn;
    }
    assert.equal([...out].map(BigInt), c);
  }
});

random("a value depends on seed, label and counters, not on what was drawn before", () => {
  const a = stream(3, "a");
  const late = a.uniform(1_000_003, 1, 2, 3);
  a.cursor().uint32();
  a.permutation(10);
  assert.is(stream(3, "a").uniform(1_000_003, 1, 2, 3), late);
  const values = new Set([
    a.uint32(0),
    a.uint32(1),
    a.uint32(4),
    a.uint32(0, 1),
    a.uint32(0, 0, 1),
    a.uint32(0, 0, 0, 1),
    a.uint32(2 ** 33),
    stream(4, "a").uint32(0),
    stream(3, "b").uint32(0),
    stream(3 + 2 ** 32, "a").uint32(0),
    a.split("a").uint32(0),
  ]);
  assert.is(values.size, 11);
  assert.is(stream(3, "a/b").uint32(0), a.split("b").uint32(0));
});

random("keys of many labels and seeds differ", () => {
  const keys = new Set<number>();
  let count = 0;
  for (let seed = 0; seed < 20; seed++) {
    for (let layer = 0; layer < 1001; layer++) {
      const { key0, key1 } = stream(seed, `init/stages.${layer % 3}.blocks.${layer}.conv1.weight`);
      keys.add(key0 * 2 ** 21 + (key1 >>> 11));
      count++;
    }
  }
  assert.is(keys.size, count);
});

random("fills, cursors and single values agree", () => {
  const s = stream(11, "fill");
  for (const length of [0, 1, 3, 4, 5, 10]) {
    const uniform = s.fillUniform(new Float64Array(length), 7, 8, 9);
    const normal = s.fillNormal(new Float64Array(length), 7, 8, 9);
    const cursor = s.cursor(7, 8, 9);
    for (let i = 0; i < length; i++) {
      assert.is(uniform[i], s.uniform(i, 7, 8, 9));
      assert.is(normal[i], s.normal(i, 7, 8, 9));
      assert.is(cursor.uniform(), uniform[i]);
    }
    assert.equal(s.fillUniform(new Float32Array(length), 7, 8, 9), Float32Array.from(uniform));
    assert.equal(s.fillNormal(new Float32Array(length), 7, 8, 9), Float32Array.from(normal));
  }
  const cursor = s.cursor(1);
  const first = cursor.uint32();
  cursor.restart(2);
  assert.is(cursor.uint32(), s.uint32(0, 2));
  cursor.restart(1);
  assert.is(cursor.uint32(), first);
});

random("uniform values lie on the grid of 2^-24 and fill [0, 1) evenly", () => {
  const count = 400_000;
  const values = stream(5, "uniform").fillUniform(new Float64Array(count));
  const bins = new Float64Array(256);
  let serial = 0;
  for (let i = 0; i < count; i++) {
    const x = values[i];
    assert.ok(x >= 0 && x < 1 && Number.isInteger(x * 2 ** 24));
    bins[Math.floor(x * 256)]++;
    if (i > 0) serial += (x - 0.5) * (values[i - 1] - 0.5);
  }
  assert.ok(Math.abs(chiSquare(bins, count / 256)) < 5);
  assert.ok(Math.abs(serial / count) * 12 < 5 / Math.sqrt(count));
});

random("normal values have the normal distribution", () => {
  const count = 400_000;
  const values = stream(6, "normal").fillNormal(new Float64Array(count));
  const moments = [0, 0, 0, 0];
  let pairs = 0;
  let beyond3 = 0;
  for (let i = 0; i < count; i++) {
    let power = 1;
    for (let p = 0; p < 4; p++) moments[p] += (power *= values[i]) / count;
    if (i % 2 === 1) pairs += (values[i] * values[i - 1]) / (count / 2);
    if (Math.abs(values[i]) > 3) beyond3++;
  }
  const unit = 5 / Math.sqrt(count);
  assert.ok(Math.abs(moments[0]) < unit, `mean ${moments[0]}`);
  assert.ok(Math.abs(moments[1] - 1) < unit * Math.sqrt(2), `variance ${moments[1]}`);
  assert.ok(Math.abs(moments[2]) < unit * Math.sqrt(15), `third moment ${moments[2]}`);
  assert.ok(Math.abs(moments[3] - 3) < unit * Math.sqrt(96), `fourth moment ${moments[3]}`);
  assert.ok(Math.abs(pairs) < unit * Math.sqrt(2), `pair correlation ${pairs}`);
  assert.ok(Math.abs(beyond3 / count - 0.0026998) < unit * Math.sqrt(0.0027), `beyond 3 sigma ${beyond3}`);
});

random("integers are even where the remainder would be biased", () => {
  const s = stream(8, "integers");
  const n = 3 * 2 ** 30; // 2^32 mod n is 2^30: plain remainders would hit the lowest third twice as often
  const bins = new Float64Array(3);
  const cursor = s.cursor();
  for (let i = 0; i < 30_000; i++) {
    const value = i % 2 === 0 ? s.integer(n, i) : cursor.integer(n);
    bins[Math.floor(value / 2 ** 30)]++;
  }
  assert.ok(Math.abs(chiSquare(bins, 10_000)) < 5, `${bins}`);
  const small = new Float64Array(7);
  for (let i = 0; i < 35_000; i++) small[s.integer(7, i, 1)]++;
  assert.ok(Math.abs(chiSquare(small, 5000)) < 5, `${small}`);
  assert.is(s.integer(1, 0), 0);
  assert.ok(s.integer(2 ** 32, 3) >= 0);
});

random("permutations hold every index once and are equally likely", () => {
  const s = stream(9, "order");
  assert.equal([...s.permutation(0)], []);
  assert.equal([...s.permutation(1)], [0]);
  const order = s.permutation(5000, 12);
  assert.equal(order, stream(9, "order").permutation(5000, 12));
  assert.not.equal(order, s.permutation(5000, 13));
  assert.equal(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 5000 }, (_, i) => i),
  );
  const seen = new Map<string, number>();
  for (let run = 0; run < 24_000; run++) {
    const key = s.permutation(4, run, 1).join("");
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  assert.is(seen.size, 24);
  assert.ok(Math.abs(chiSquare(Float64Array.from(seen.values()), 1000)) < 5);
});

random("arguments that have no meaning are refused", () => {
  assert.throws(() => stream(-1, "a"), saying("stream: seed is -1, wanted a whole number from 0 to 2^53 - 1"));
  assert.throws(() => stream(0.5, "a"), /seed is 0.5/);
  assert.throws(() => stream(2 ** 53, "a"), /seed is 9007199254740992/);
  assert.throws(() => stream(1, "a").integer(0, 0), /n is 0, wanted a whole number from 1 to 2\^32/);
  assert.throws(() => stream(1, "a").permutation(-1), /n is -1/);
});

random("the scheme does not drift: keys and values as released", () => {
  const s = stream(2 ** 40 + 12345, "model/stages.0").split("weight");
  assert.equal(
    [s.key0, s.key1, s.uint32(0), s.uint32(5, 6, 7, 8), s.integer(1000, 2)],
    [757690238, 3148871840, 758653874, 3295591673, 166],
  );
  assert.equal([s.normal(0), s.normal(7), s.uniform(2)], [0.6149921376697249, -0.02779443518871753, 0.4545058012008667]);
  assert.equal([...s.permutation(8)], [1, 3, 5, 4, 0, 6, 7, 2]);
});

/** (X^2 - degrees) / sqrt(2 degrees): about standard normal where the counts are evenly distributed. */
function chiSquare(counts: Float64Array, expected: number): number {
  const degrees = counts.length - 1;
  const sum = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
  return (sum - degrees) / Math.sqrt(2 * degrees);
}

random.run();
