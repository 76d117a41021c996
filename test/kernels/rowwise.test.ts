// The identities of the orthogonal update, the accuracy of long inner products, and that a row's bits do not depend on other rows.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { orthogonalUpdate, orthogonalUpdateBackward, rowAxpy, rowDot, rowScale, streamStatistics } from "../../ts/definitions/rowwise.ts";
import { asKernel, type Contents, makeInputs, normals, openWasm, runKernel, sameBits, type Sizes } from "./harness.ts";

const rowwise = suite("kernels/rowwise");
const wasm = openWasm();
const run = (kernel: unknown, inputs: Contents, numbers: Sizes): Record<string, Float32Array> =>
  runKernel(wasm, asKernel(kernel), inputs, numbers);

function gaussian(length: number, seed: number): Float32Array {
  const next = normals(seed);
  return Float32Array.from({ length }, next);
}

const widths = [3, 16, 17, 32, 64, 100, 1024, 2500];
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
const part = (values: Float32Array, row: number, cols: number): Float32Array => values.slice(row * cols, (row + 1) * cols);
const near = (actual: number, wanted: number, tolerance: number, what: string): void =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${what}: ${actual}, wanted ${wanted} within ${tolerance}`);

/** Calls fn with x, u, y, s of each of some rows. */
function eachRow(
  eps: number,
  fn: (row: { x: Float32Array; u: Float32Array; y: Float32Array; s: number; size: number; what: string }) => void,
): void {
  for (const cols of widths) {
    const rows = 5;
    const x = gaussian(rows * cols, cols);
    const u = gaussian(rows * cols, cols + 1);
    const { y, s } = run(orthogonalUpdate, { x, u }, { rows, cols, eps });
    for (let i = 0; i < rows; i++) {
      const own = { x: part(x, i, cols), u: part(u, i, cols), y: part(y, i, cols) };
      fn({ ...own, s: s[i], size: Math.sqrt(dot(own.x, own.x) * dot(own.u, own.u)), what: `row ${i} of ${cols} columns` });
    }
  }
}

for (const eps of [1e-6, 0.5, 50]) {
  rowwise(`<x, y - x> = <x,u> eps / (||x||^2 + eps), eps = ${eps}`, () => {
    eachRow(eps, ({ x, u, y, size, what }) => {
      const along = x.reduce((sum, value, j) => sum + value * (y[j] - value), 0);
      near(along, (dot(x, u) * eps) / (dot(x, x) + eps), 1e-6 * (size + dot(x, x)), what);
    });
  });
}

rowwise("||y||^2 = ||x||^2 + 2 <x, u_perp> + ||u_perp||^2", () => {
  eachRow(1e-6, ({ x, u, y, s, what }) => {
    const perpendicular = u.map((value, j) => value - s * x[j]);
    const wanted = dot(x, x) + 2 * dot(x, perpendicular) + dot(perpendicular, perpendicular);
    near(dot(y, y), wanted, 1e-6 * wanted, what);
  });
});

rowwise("a zero stream lets the branch through unchanged", () => {
  for (const cols of widths) {
    const u = gaussian(3 * cols, cols);
    const { y, s } = run(orthogonalUpdate, { x: new Float32Array(3 * cols), u }, { rows: 3, cols, eps: 1e-6 });
    assert.equal(y, u);
    assert.equal([...s].map(Math.abs), [0, 0, 0]);
  }
});

rowwise("a multiple of the stream in the branch changes nothing", () => {
  for (const cols of widths) {
    const x = gaussian(4 * cols, cols);
    const u = gaussian(4 * cols, cols + 9);
    const sizes = { rows: 4, cols, eps: 1e-9 };
    const plain = run(orthogonalUpdate, { x, u }, sizes)["y"];
    for (const c of [-3, 0.7, 20]) {
      const moved = run(orthogonalUpdate, { x, u: u.map((value, j) => value + c * x[j]) }, sizes)["y"];
      moved.forEach((value, j) => near(value, plain[j], 2e-6 * (1 + Math.abs(c)) * (1 + Math.abs(plain[j])), `${cols} columns, c = ${c}`));
    }
  }
});

rowwise("the gradient agrees with central differences of the definition", () => {
  const [rows, cols, eps] = [3, 7, 0.3];
  const wide = (values: Float32Array): Float64Array => Float64Array.from(values);
  const x = wide(gaussian(rows * cols, 1));
  const u = wide(gaussian(rows * cols, 2));
  const dy = wide(gaussian(rows * cols, 3));
  const loss = (): number => {
    const y = new Float64Array(rows * cols);
    orthogonalUpdate.define({ x, u, y, s: new Float64Array(rows) }, { rows, cols, eps });
    return y.reduce((sum, value, i) => sum + value * dy[i], 0);
  };
  const s = new Float64Array(rows);
  orthogonalUpdate.define({ x, u, y: new Float64Array(rows * cols), s }, { rows, cols, eps });
  const gradient = { dx: new Float64Array(rows * cols), du: new Float64Array(rows * cols) };
  orthogonalUpdateBackward.define({ x, u, s, dy, ...gradient }, { rows, cols, eps });
  for (const [values, wanted] of [
    [x, gradient.dx],
    [u, gradient.du],
  ]) {
    for (let i = 0; i < values.length; i++) {
      const kept = values[i];
      values[i] = kept + 1e-5;
      const above = loss();
      values[i] = kept - 1e-5;
      const below = loss();
      values[i] = kept;
      near((above - below) / 2e-5, wanted[i], 1e-7 * (1 + Math.abs(wanted[i])), `element ${i}`);
    }
  }
});

for (const kernel of [rowDot, rowAxpy, rowScale, orthogonalUpdate, orthogonalUpdateBackward].map(asKernel)) {
  rowwise(`${kernel.name}: a row alone has the same bits`, () => {
    for (const cols of [1, ...widths]) {
      const rows = 35;
      const inputs = makeInputs(kernel, { rows, cols, eps: 1e-6 }, cols);
      // Rows of zeros of either sign.
      for (const name of Object.keys(inputs)) inputs[name] = inputs[name].map((value, j) => (Math.floor(j / cols) % 11 === 3 ? -0 : value));
      const all = run(kernel, inputs, { rows, cols, eps: 1e-6 });
      for (const i of [0, 1, 3, 14, 31, 32, 34]) {
        const own = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, part(values, i, values.length / rows)]));
        const alone = run(kernel, own, { rows: 1, cols, eps: 1e-6 });
        for (const [name, values] of Object.entries(all)) {
          assert.ok(sameBits(alone[name], part(values, i, values.length / rows)), `${name}, row ${i} of ${cols} columns`);
        }
      }
    }
  });
}

rowwise("the update may be written over the stream or the branch", () => {
  const { floats, exports } = wasm;
  for (const cols of [5, 16, 64, 1500]) {
    const rows = 37;
    const length = rows * cols;
    const x = gaussian(length, cols);
    const u = gaussian(length, cols + 1);
    const { y } = run(orthogonalUpdate, { x, u }, { rows, cols, eps: 1e-6 });
    const [atX, atU, atS, scratch] = [20000, 20000 + length, 20000 + 2 * length, 20000 + 2 * length + rows];
    for (const over of [atX, atU]) {
      floats.set(x, atX);
      floats.set(u, atU);
      exports["orthogonal_update_f32"](4 * atX, 4 * atU, 4 * over, 4 * atS, 4 * scratch, rows, cols, 1e-6);
      assert.ok(sameBits(floats.slice(over, over + length), y), `${cols} columns`);
    }
  }
});

rowwise("inner products of a million elements keep float32's accuracy", () => {
  const cols = 1_000_000;
  const a = gaussian(cols, 5).map(Math.abs);
  const b = gaussian(cols, 6).map(Math.abs);
  const wanted = dot(Float64Array.from(a) as unknown as Float32Array, b);
  const { y } = run(rowDot, { a, b }, { rows: 1, cols });
  near(y[0], wanted, 1.5e-7 * wanted, "dot");
  const { s } = run(orthogonalUpdate, { x: a, u: b }, { rows: 1, cols, eps: 1e-6 });
  const share = wanted / dot(a, a);
  near(s[0], share, 1.5e-7 * share, "share");
});

rowwise("stream statistics follow from the update and stay finite on zeros", () => {
  const [rows, cols, eps] = [40, 16, 1e-6];
  const x = gaussian(rows * cols, 71);
  const u = gaussian(rows * cols, 72);
  x.fill(0, 3 * cols, 4 * cols);
  u.fill(0, 9 * cols, 10 * cols);
  const { y: statistics } = run(streamStatistics, { x, u }, { rows, cols, eps });
  const { s } = run(orthogonalUpdate, { x, u }, { rows, cols, eps });
  const wanted = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < rows; i++) {
    const [rowX, rowU] = [part(x, i, cols), part(u, i, cols)];
    const parallel = rowX.map((value) => s[i] * value);
    const perpendicular = rowU.map((value, j) => value - parallel[j]);
    const norm = Math.max(dot(rowX, rowX), eps);
    wanted[0] += dot(rowX, rowX);
    wanted[1] += dot(parallel, parallel);
    wanted[2] += dot(perpendicular, perpendicular);
    wanted[3] += dot(parallel, parallel) / norm;
    wanted[4] += dot(perpendicular, perpendicular) / norm;
    const size = Math.sqrt(dot(rowX, rowX) * dot(rowU, rowU));
    if (size > 0) wanted[5] += dot(rowX, rowU) / size;
  }
  wanted.forEach((value, i) => near(statistics[i], value, 1e-6 * Math.abs(value) + 1e-5 * Number(i === 5), `statistic ${i}`));
});

rowwise.run();
