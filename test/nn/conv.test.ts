// Convolution and linear layers: what they compute from their state, in PyTorch's layouts, and their errors.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tensor, type Conv2dOptions } from "../../ts/autograd/index.ts";
import { Conv2d, initialize, Linear } from "../../ts/nn/index.ts";
import { normals } from "../autograd/normals.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("nn/conv");

const pair = (value: number | readonly [number, number]): readonly [number, number] => (typeof value === "number" ? [value, value] : value);

const cases: [string, number, number, number | readonly [number, number], Conv2dOptions & { bias?: boolean }][] = [
  ["3x3 with padding", 3, 4, 3, { padding: 1 }],
  ["1x1 with stride and bias", 2, 3, 1, { stride: 2, bias: true }],
  ["3x2, strides and paddings of their own", 2, 2, [3, 2], { stride: [2, 1], padding: [0, 1], bias: true }],
  ["dilated", 2, 3, 3, { dilation: 2, padding: 2 }],
  ["in groups", 4, 6, 3, { groups: 2, padding: 1, bias: true }],
  ["depthwise", 3, 3, 3, { groups: 3, stride: 2, padding: 1 }],
  ["7x7 stem", 3, 2, 7, { stride: 2, padding: 3 }],
];

for (const [label, inputs, outputs, size, options] of cases)
  test(`convolution ${label}: the definition, with filters [K,C,R,S]`, () =>
    inFloat64(() => {
      const layer = initialize(new Conv2d(inputs, outputs, size, options), { seed: 1 });
      const { weight, bias } = layer.stateDict();
      const [N, H, W] = [2, 8, 7];
      const x = Float64Array.from({ length: N * H * W * inputs }, normals(2));
      const y = layer.forward(tensor(x, [N, H, W, inputs]));
      const [R, S] = pair(size);
      const [sh, sw] = pair(options.stride ?? 1);
      const [ph, pw] = pair(options.padding ?? 0);
      const [dh, dw] = pair(options.dilation ?? 1);
      const groups = options.groups ?? 1;
      const [P, Q] = [Math.floor((H + 2 * ph - dh * (R - 1) - 1) / sh) + 1, Math.floor((W + 2 * pw - dw * (S - 1) - 1) / sw) + 1];
      assert.equal([...y.shape], [N, P, Q, outputs]);
      const own = inputs / groups;
      const got = y.toArray();
      for (let n = 0; n < N; n++)
        for (let p = 0; p < P; p++)
          for (let q = 0; q < Q; q++)
            for (let k = 0; k < outputs; k++) {
              let sum = bias ? bias.values[k] : 0;
              const firstChannel = Math.floor((k * groups) / outputs) * own;
              for (let c = 0; c < own; c++)
                for (let r = 0; r < R; r++)
                  for (let s = 0; s < S; s++) {
                    const [row, column] = [p * sh - ph + r * dh, q * sw - pw + s * dw];
                    if (row < 0 || row >= H || column < 0 || column >= W) continue;
                    sum += x[((n * H + row) * W + column) * inputs + firstChannel + c] * weight.values[((k * own + c) * R + r) * S + s];
                  }
              assert.ok(Math.abs(got[((n * P + p) * Q + q) * outputs + k] - sum) < 1e-12);
            }
    }));

test("linear: x W^T + b, also of more axes", () =>
  inFloat64(() => {
    const layer = initialize(new Linear(3, 2), { seed: 1 });
    const { weight, bias } = layer.stateDict();
    const x = Float64Array.from({ length: 12 }, normals(3));
    for (const shape of [
      [4, 3],
      [2, 2, 3],
    ]) {
      const y = layer.forward(tensor(x, shape));
      assert.equal([...y.shape], [...shape.slice(0, -1), 2]);
      y.toArray().forEach((value, at) => {
        const [row, k] = [Math.floor(at / 2), at % 2];
        let sum = bias.values[k];
        for (let c = 0; c < 3; c++) sum += x[3 * row + c] * weight.values[3 * k + c];
        assert.ok(Math.abs(value - sum) < 1e-14);
      });
    }
    assert.is(new Linear(3, 2, { bias: false }).bias, null);
  }));

test("errors", () =>
  inFloat64(() => {
    assert.throws(() => new Conv2d(4, 6, 3, { groups: 4 }), /Conv2d: 4 to 6 channels in 4 groups, wanted groups that divide both/);
    const x = tensor(new Float64Array(48), [1, 4, 4, 3]);
    assert.throws(() => new Conv2d(2, 2, 3).forward(x), /conv2d: input \[.*,3\] with filter \[3,3,2,2\] in 1 groups, wanted \[N,H,W,C\]/);
    assert.throws(() => new Conv2d(3, 2, 5).forward(x), /conv2d: filter \[5,5,3,2\] on \[1,4,4,3\].*wanted an input that it fits in/);
    assert.throws(() => new Conv2d(3, 2, 3, { stride: 0 }).forward(x), /conv2d: stride 0, wanted a whole number of at least 1/);
    assert.throws(() => new Linear(4, 2).forward(tensor([[1, 2, 3]])), /linear: input \[1,3\] with weight \[2,4\]/);
  }));

test.run();
