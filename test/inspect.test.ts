// What console.log shows of tensors and modules.
import { inspect } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { showTensorsAndModules } from "../ts/inspect.ts";
import type { Tensor } from "../ts/index.ts";
import { Layer, Linear, tensor, Variable, zeros } from "../ts/index.ts";
import { inFloat64 } from "./in-float64.ts";

const test = suite("inspect");

showTensorsAndModules();

class Net extends Layer {
  readonly first = new Linear(2, 3);
  readonly rest = [new Linear(3, 1, { bias: false })];
  readonly gain = new Variable([1]);

  forward(x: Tensor): Tensor {
    return x;
  }
}

test("shape and values, to five digits", () =>
  inFloat64(() => {
    assert.is(inspect(tensor([1, 2 / 3, -1e-9])), "Tensor [3] [1, 0.66667, -1e-9]");
    assert.is(inspect(tensor(0.5)), "Tensor [] 0.5");
    assert.is(inspect(tensor([[1, 2], [3, NaN]], undefined, { requiresGrad: true })), "Tensor [2,2], requires grad\n[[1, 2],\n [3, NaN]]"); // prettier-ignore
    assert.is(inspect(zeros([2, 0])), "Tensor [2,0]\n[[],\n []]");
    assert.is(inspect(tensor([[[1], [2]], [[3], [4]]])), "Tensor [2,2,1]\n[[[1],\n  [2]],\n\n [[3],\n  [4]]]"); // prettier-ignore
  }));

test("of many values the ends", () =>
  inFloat64(() => {
    const many = tensor(
      Array.from({ length: 200 }, (_, i) => i),
      [100, 2],
    );
    const lines = inspect(many).split("\n");
    assert.equal(lines.slice(1), ["[[0, 1],", " [2, 3],", " [4, 5],", " ...,", " [194, 195],", " [196, 197],", " [198, 199]]"]);
    const row = tensor(Array.from({ length: 101 }, (_, i) => i));
    assert.is(inspect(row), "Tensor [101] [0, 1, 2, ..., 98, 99, 100]");
  }));

test("within something else, and as a string, the shape", () =>
  inFloat64(() => {
    assert.is(inspect({ x: zeros([2, 2]), loss: tensor(1.25) }), "{ x: Tensor [2,2], loss: Tensor [] 1.25 }");
    assert.is(String(zeros([2, 2])), "Tensor [2,2]");
    const gone = zeros([2]);
    gone.dispose();
    assert.is(inspect(gone), "Tensor [2], freed");
  }));

test("a line a layer", () =>
  inFloat64(() => {
    const net = new Net();
    assert.is(
      inspect(net),
      ["Net, 13 parameters, gain [1]", "  first: Linear, weight [3,2], bias [3]", "  rest.0: Linear, weight [1,3]"].join("\n"),
    );
    assert.is(inspect([net]), "[ [Net] ]");
    net.dispose();
  }));

test.run();
