// Softmax and cross-entropy where rows hold what a sample of normal deviates does not: masks, huge logits, NaN, a label that is no
// class; and that a row's bits are the same alone and among others.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as family from "../../ts/definitions/softmax.ts";
import { asKernel, makeInputs, openWasm, runKernel, sameBits } from "./harness.ts";

const softmax = suite("kernels/softmax");
const wasm = openWasm();

function run(kernel: unknown, inputs: Record<string, Float32Array>, numbers: Record<string, number>): Record<string, Float32Array> {
  return runKernel(wasm, asKernel(kernel), inputs, numbers);
}

softmax("a masked element is exactly 0 and takes no share", () => {
  const x = Float32Array.from({ length: 40 }, (_, j) => (j % 3 === 1 ? -Infinity : Math.cos(j)));
  const { y } = run(family.softmax, { x }, { rows: 2, cols: 20 });
  for (let row = 0; row < 2; row++) {
    let sum = 0;
    for (let j = row * 20; j < row * 20 + 20; j++) {
      assert.is(y[j] === 0, x[j] === -Infinity);
      sum += y[j];
    }
    assert.ok(Math.abs(sum - 1) < 1e-6, `row ${row} sums to ${sum}`);
  }
});

softmax("logits of any size neither overflow nor vanish", () => {
  for (const size of [1e4, 3e38]) {
    const x = Float32Array.of(-size, size, size, 0, 1);
    assert.equal([...run(family.softmax, { x }, { rows: 1, cols: 5 }).y], [0, 0.5, 0.5, 0, 0]);
    const { loss, dlogits } = run(
      family.softmaxCrossEntropy,
      { logits: x, labels: Float32Array.of(2) },
      { rows: 1, cols: 5, smoothing: 0 },
    );
    assert.is(loss[0], Math.fround(Math.LN2));
    assert.equal([...dlogits], [0, 0.5, -0.5, 0, 0]);
  }
});

softmax("NaN and infinity make their row NaN and leave the others", () => {
  for (const bad of [NaN, Infinity]) {
    for (let at = 0; at < 23; at++) {
      const x = Float32Array.from({ length: 69 }, (_, j) => Math.sin(j));
      x[23 + at] = bad;
      for (const kernel of [family.softmax, family.logSoftmax]) {
        const { y } = run(kernel, { x }, { rows: 3, cols: 23 });
        for (let j = 0; j < 69; j++) {
          if (kernel === family.logSoftmax && bad === Infinity && j >= 23 && j < 46) assert.not(Number.isFinite(y[j]));
          else assert.is(Number.isNaN(y[j]), j >= 23 && j < 46, `${kernel.name}, ${bad} at ${at}, element ${j}`);
        }
      }
    }
  }
  assert.ok([...run(family.softmax, { x: new Float32Array(5).fill(-Infinity) }, { rows: 1, cols: 5 }).y].every(Number.isNaN));
});

softmax("a label that is no class makes its row NaN", () => {
  const logits = new Float32Array(18).fill(1);
  for (const label of [-1, 3, 0.5, NaN, 1e10]) {
    const labels = Float32Array.of(0, 1, label, 2, 0, 1);
    const { loss, dlogits } = run(family.softmaxCrossEntropy, { logits, labels }, { rows: 6, cols: 3, smoothing: 0.1 });
    for (let row = 0; row < 6; row++) {
      assert.is(Number.isNaN(loss[row]), row === 2);
      for (let j = 0; j < 3; j++) assert.is(Number.isNaN(dlogits[row * 3 + j]), row === 2);
    }
  }
});

softmax("a row's bits do not depend on the other rows", () => {
  for (const member of Object.values(family)) {
    for (const cols of [10, 37, 100]) {
      const kernel = asKernel(member);
      const numbers = { rows: 5, cols, smoothing: 0.1 };
      const inputs = makeInputs(kernel, numbers, 3);
      const all = run(kernel, inputs, numbers);
      for (let row = 0; row < 5; row++) {
        const width = (values: Float32Array) => values.length / 5;
        const part = (values: Float32Array) => values.slice(row * width(values), (row + 1) * width(values));
        const one = run(kernel, Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, part(values)])), {
          ...numbers,
          rows: 1,
        });
        for (const [name, values] of Object.entries(one)) assert.ok(sameBits(values, part(all[name])), `${kernel.name} ${name} row ${row}`);
      }
    }
  }
});

softmax.run();
