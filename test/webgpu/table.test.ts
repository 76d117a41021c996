// Every kernel has a shader, every shader names its buffers and numbers as the kernel does: needs no GPU.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shaderText, uniformNames } from "../../ts/backend/webgpu/source.ts";
import { kernelsOf } from "../../ts/backend/webgpu/table.ts";
import { families } from "../kernels/families.ts";
import { loadFamily } from "../kernels/harness.ts";

const test = suite("webgpu/table");
const table = kernelsOf();
const kernels = (await Promise.all(families.map(loadFamily))).flatMap((family) => family ?? []);

test("there are shaders for the kernels and for nothing else", () => {
  assert.ok(kernels.length > 50);
  assert.equal(Object.keys(table).sort(), kernels.map(({ name }) => name).sort());
});

test("what a shader reads is a buffer of the kernel, scratch, or a part of scratch; its numbers are there and fit a block", () => {
  const targets = [{}, { winograd: true }];
  for (const kernel of kernels)
    for (const numbers of kernel.samples)
      for (const pass of targets.flatMap((target) => table[kernel.name].passes(numbers, target))) {
        const known = [...kernel.order, "scratch", ...Object.keys(pass.parts ?? {})];
        for (const name of Object.keys(pass.source.buffers)) assert.ok(known.includes(name), `${pass.source.name}: ${name}`);
        const { integers, floats } = uniformNames(pass.source);
        assert.ok(4 * (integers.length + floats.length) <= 256, pass.source.name);
        assert.is(new Set([...integers, ...floats]).size, integers.length + floats.length, `${pass.source.name} names a number twice`);
        for (const name of integers.slice(Object.keys(pass.source.buffers).length))
          assert.ok(Number.isInteger(pass.numbers[name]), `${pass.source.name}: ${name} is ${pass.numbers[name]}`);
        for (const name of floats) assert.type(pass.numbers[name], "number", `${pass.source.name}: ${name}`);
        assert.ok(Number.isInteger(pass.groups), pass.source.name);
      }
});

test("names that stand for one buffer are bound once", () => {
  const { source } = table["add_f32"].passes({ length: 4 }, {})[0];
  assert.match(shaderText(source, [0, 1, 2]), /var<storage, read> memory1/);
  const inPlace = shaderText(source, [0, 1, 0]);
  assert.match(inPlace, /var<storage, read_write> memory0/);
  assert.not.match(inPlace, /memory2/);
});

test.run();
