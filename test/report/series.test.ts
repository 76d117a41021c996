import { suite } from "uvu";
import * as assert from "uvu/assert";
import { quantile, sample, smooth, thin, windowFor, type Point } from "../../ts/report/series.ts";

const test = suite("report series");
const points = (ys: readonly number[]): Point[] => ys.map((y, x) => ({ x, y }));

test("thinning keeps both ends, every peak and the order, within the number asked for", () => {
  for (const [length, most] of [
    [1000, 50],
    [1001, 240],
    [7, 5],
    [100, 2],
    [4, 4],
  ] as const) {
    const all = points(Array.from({ length }, (_, i) => ((i * 7919) % 101) / 10));
    all[Math.floor(length / 2)] = { x: Math.floor(length / 2), y: 1000 };
    all[Math.floor(length / 3)] = { x: Math.floor(length / 3), y: -1000 };
    const thinned = thin(all, most);
    assert.ok(thinned.length <= Math.max(most, 4), `${length} to ${thinned.length}, wanted ${most}`);
    assert.equal(thinned[0], all[0]);
    assert.equal(thinned.at(-1), all.at(-1));
    assert.ok(thinned.some(({ y }) => y === 1000) && thinned.some(({ y }) => y === -1000));
    for (let i = 1; i < thinned.length; i++) assert.ok(thinned[i].x > thinned[i - 1].x);
  }
});

test("what is not finite is left out", () => {
  assert.equal(thin(points([1, NaN, 3, Infinity]), 10), [{ x: 0, y: 1 }, { x: 2, y: 3 }]); // prettier-ignore
  assert.equal(smooth(points([NaN]), 3), []);
  assert.equal(thin([], 5), []);
});

test("smoothing is the mean around a point, narrower at the start and cut at the end", () => {
  assert.equal(
    smooth(points([0, 3, 6, 0, 9, 3]), 3).map(({ y }) => y),
    [0, 3, 3, 5, 4, 6],
  );
  const line = points(Array.from({ length: 50 }, (_, i) => 2 * i));
  assert.equal(smooth(line, 9).slice(0, 46), line.slice(0, 46));
  assert.equal(smooth(line, windowFor(line.length)), line);
});

test("samples hold the first and the last", () => {
  assert.equal(sample([1, 2, 3], 5), [1, 2, 3]);
  assert.equal(sample([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4), [0, 3, 6, 9]);
  assert.equal(sample([1, 2, 3], 1), [3]);
});

test("quantiles", () => {
  assert.is(quantile([5, 1, 3, NaN, 2, 4], 0.5), 3);
  assert.is(quantile([1, 2], 1), 2);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test.run();
