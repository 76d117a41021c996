// The elementary functions against Math.*, in special cases and, by a digest, in their bits.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cosPi, exp, log, pow, sinPi } from "../ts/math.ts";

const math = suite("math");

/** Evenly spaced points with an irrational offset. */
function sweep(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * (i + 0.4142135623730951)) / count);
}

function worst(points: readonly number[], mine: (x: number) => number, theirs: (x: number) => number): { error: number; at: number } {
  let error = 0;
  let at = NaN;
  for (const x of points) {
    const wanted = theirs(x);
    const e = Math.abs(mine(x) - wanted) / Math.abs(wanted);
    if (!(e <= error)) {
      error = e;
      at = x;
    }
  }
  return { error, at };
}

function close(points: readonly number[], mine: (x: number) => number, theirs: (x: number) => number): void {
  const { error, at } = worst(points, mine, theirs);
  assert.ok(error < 1e-15, `relative error ${error} at ${at}`);
}

math("exp agrees over its whole range", () => {
  close(sweep(-708, 709.7, 200_000), exp, Math.exp);
  close(sweep(-2, 2, 200_000), exp, Math.exp);
  close(sweep(-1e-6, 1e-6, 10_000), exp, Math.exp);
});

math("exp rounds into subnormals and ends in exact 0 and Infinity", () => {
  for (const x of sweep(-745, -708, 5000)) {
    assert.ok(Math.abs(exp(x) - Math.exp(x)) <= 5e-324 + 1e-15 * Math.exp(x), `at ${x}`);
  }
  assert.is(exp(-745.1), 5e-324);
  assert.is(exp(-746), 0);
  assert.is(exp(-Infinity), 0);
  assert.is(exp(710), Infinity);
  assert.is(exp(0), 1);
  assert.is(exp(-0), 1);
  assert.ok(Number.isNaN(exp(NaN)));
});

math("log agrees from the smallest subnormal to the largest number", () => {
  close(sweep(-708, 709, 200_000).map(Math.exp), log, Math.log);
  close(sweep(0.3, 3, 200_000), log, Math.log);
  close(sweep(1 - 1e-7, 1 + 1e-7, 10_000), log, Math.log);
  close([5e-324, 1e-320, 2.2250738585072014e-308, Number.MAX_VALUE, Number.EPSILON, 1 + Number.EPSILON], log, Math.log);
  assert.is(log(1), 0);
  assert.is(log(0), -Infinity);
  assert.is(log(-0), -Infinity);
  assert.is(log(Infinity), Infinity);
  assert.ok(Number.isNaN(log(-1)));
  assert.ok(Number.isNaN(log(NaN)));
});

math("sinPi and cosPi agree, are exact at multiples of 1/2 and keep their precision far out", () => {
  // Where |sin(pi x)| is not small, Math.sin(Math.PI * x) is itself good to a few 1e-16.
  close(sweep(-0.5, 0.5, 200_000), sinPi, (x) => Math.sin(Math.PI * x));
  close(sweep(-0.26, 0.26, 200_000), cosPi, (x) => Math.cos(Math.PI * x));
  for (const turn of [-40, -3.5, -2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2, 17, 1023.5]) {
    for (const x of sweep(-0.25, 0.25, 501)) {
      const far = turn + x;
      const near = far - turn; // exact
      const quarter = ((turn * 2) % 4) + 4;
      const sine = [sinPi, cosPi, (t: number) => -sinPi(t), (t: number) => -cosPi(t)][quarter % 4];
      const cosine = [cosPi, (t: number) => -sinPi(t), (t: number) => -cosPi(t), sinPi][quarter % 4];
      assert.ok(Math.abs(sinPi(far) - sine(near)) < 1e-15, `sinPi(${far})`);
      assert.ok(Math.abs(cosPi(far) - cosine(near)) < 1e-15, `cosPi(${far})`);
    }
  }
  for (const [x, sine, cosine] of [
    [0, 0, 1],
    [0.5, 1, 0],
    [1, 0, -1],
    [1.5, -1, 0],
    [-0.5, -1, 0],
    [1e6 + 0.5, 1, 0],
    [2 ** 53, 0, 1],
    [1e300, 0, 1],
  ]) {
    assert.is(Math.abs(sinPi(x) - sine), 0, `sinPi(${x})`);
    assert.is(Math.abs(cosPi(x) - cosine), 0, `cosPi(${x})`);
  }
  assert.ok(Number.isNaN(sinPi(Infinity)));
  assert.ok(Number.isNaN(cosPi(NaN)));
});

math("pow agrees, also for powers in the ten thousands", () => {
  let error = 0;
  let cases = 0;
  for (const x of sweep(-14, 14, 700).map(Math.exp)) {
    for (const y of sweep(-48, 48, 301)) {
      const wanted = Math.pow(x, y);
      if (!(wanted > 1e-300 && wanted < 1e300)) continue;
      error = Math.max(error, Math.abs(pow(x, y) - wanted) / wanted);
      cases++;
    }
  }
  for (const beta of [0.9, 0.95, 0.99, 0.999, 0.9999, 0.9995]) {
    for (let step = 1; step < 60_000; step += 97) {
      const wanted = Math.pow(beta, step);
      if (wanted < 1e-300) break;
      error = Math.max(error, Math.abs(pow(beta, step) - wanted) / wanted);
      cases++;
    }
  }
  assert.ok(cases > 100_000);
  assert.ok(error < 1e-15, `relative error ${error}`);
  for (let k = -1074; k < 1024; k++) assert.is(pow(2, k), 2 ** k, `2^${k}`);
});

math("pow has JavaScript's special cases", () => {
  const values = [0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1.5, -1.5, Infinity, -Infinity, NaN, 1e308, 5e-324, 2 ** 53, 2 ** 53 - 1, 1e-300];
  for (const x of values) {
    for (const y of values) {
      const wanted = Math.pow(x, y);
      const got = pow(x, y);
      const same = Object.is(got, wanted) || Math.abs(got - wanted) <= 1e-15 * Math.abs(wanted);
      assert.ok(same, `pow(${x}, ${y}) = ${got}, Math.pow gives ${wanted}`);
    }
  }
});

math("the bits are those of every other engine", () => {
  const bits = new DataView(new ArrayBuffer(8));
  let hash = 0x811c9dc5;
  const add = (value: number): void => {
    bits.setFloat64(0, value);
    for (let i = 0; i < 8; i++) hash = Math.imul(hash ^ bits.getUint8(i), 0x01000193);
  };
  for (let i = 1; i <= 20_000; i++) {
    const x = i / 1117;
    add(exp(x - 9));
    add(log(x));
    add(sinPi(x));
    add(cosPi(x));
    add(pow(x, 3.7 - x));
  }
  assert.is(hash >>> 0, 3704046727);
});

math.run();
