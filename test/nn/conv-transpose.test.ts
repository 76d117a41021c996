// Transposed convolution: values of PyTorch, its keys and layouts, shapes, errors.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tensor, transpose, zeros } from "../../ts/autograd/index.ts";
import { ConvTranspose2d } from "../../ts/nn/index.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("nn/conv-transpose");

const values = (count: number, a: number, b: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => ((i * a + 3) % b) / b - 0.4);

test("gives what PyTorch gives, from its state dict", () =>
  inFloat64(() => {
    const layer = new ConvTranspose2d(4, 6, [3, 2], {
      ...{ bias: true, groups: 2, stride: [2, 1], padding: [1, 0], outputPadding: [1, 0], dilation: [1, 2] },
    });
    layer.loadStateDict({ weight: { shape: [4, 3, 3, 2], values: values(72, 5, 13) }, bias: { shape: [6], values: values(6, 2, 7) } });
    // PyTorch 1.13, float64: conv_transpose2d of the same values in NCHW, its result as NHWC.
    const y = layer.forward(transpose(tensor(values(24, 7, 11), [1, 4, 2, 3]), [0, 2, 3, 1]));
    assert.equal([...y.shape], [1, 4, 5, 6]);
    const found = [...y.toArray()];
    const near = (value: number, wanted: number): void => assert.ok(Math.abs(value - wanted) < 1e-10, `${value}, wanted ${wanted}`);
    [-0.0821978022, 0.3783416583, -0.4702097902, 0.2336863137, -0.0596203796, 0.4834365634].forEach((wanted, i) => near(found[i], wanted));
    [0.0562637363, 0.3196003996, -0.4170629371, 0.2756443556, 0.1138061938, 0.4610589411].forEach((wanted, i) =>
      near(found[114 + i], wanted),
    );
    near(
      found.reduce((sum, value) => sum + value, 0),
      9.698101898101893,
    );
  }));

test("doubles an image as decoders do, without a bias unless told", () =>
  inFloat64(() => {
    const layer = new ConvTranspose2d(8, 4, 2, { stride: 2 });
    assert.equal([...layer.forward(zeros([2, 5, 3, 8])).shape], [2, 10, 6, 4]);
    assert.equal(Object.keys(layer.stateDict()), ["weight"]);
    assert.equal([...layer.stateDict()["weight"].shape], [8, 4, 2, 2]);
  }));

test("errors", () =>
  inFloat64(() => {
    assert.throws(
      () => new ConvTranspose2d(4, 6, 3, { groups: 4 }),
      /^ConvTranspose2d: 4 to 6 channels in 4 groups, wanted groups that divide/,
    );
    const x = zeros([1, 4, 4, 3]);
    assert.throws(() => new ConvTranspose2d(2, 2, 3).forward(x), /^convTranspose2d: input \[1,4,4,3\] with filter \[3,3,2,2\] in 1 groups/);
    assert.throws(
      () => new ConvTranspose2d(3, 2, 3, { outputPadding: 1 }).forward(x),
      /^convTranspose2d: output padding 1,1, wanted 0 to below/,
    );
    assert.throws(() => new ConvTranspose2d(3, 2, 1, { padding: 2 }).forward(x), /to 0 x 0 pixels, wanted at least 1/);
    assert.throws(
      () => new ConvTranspose2d(3, 2, 1, { stride: 0 }).forward(x),
      /wanted at least 1, and strides, dilations and groups too$/,
    );
  }));

test.run();
