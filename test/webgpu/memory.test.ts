// Which blocks are given out: needs no GPU.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { classBytes, DeviceMemory, type Block } from "../../ts/backend/webgpu/memory.ts";

const test = suite("webgpu/memory");

const device = {
  pushErrorScope: () => undefined,
  popErrorScope: () => Promise.resolve(null),
  createBuffer: () => ({}),
} as unknown as GPUDevice;
const made = (): DeviceMemory => new DeviceMemory(device, { refused: () => undefined, answered: () => undefined });

test("who asks for the same in the same order gets the same blocks, whatever order they were given back in", () => {
  const memory = made();
  const sizes = [1000, 5000, 1000, 1000, 5000, 1000];
  const step = (): Block[] => sizes.map((bytes) => memory.take(bytes));
  const first = step();
  const orders = [
    [0, 1, 2, 3, 4, 5],
    [5, 4, 3, 2, 1, 0],
    [2, 5, 1, 0, 4, 3],
    [3, 0, 4, 5, 2, 1],
  ];
  let held = first;
  for (const order of orders) {
    for (const index of order) memory.give(held[index]);
    held = step();
    assert.equal(
      held.map(({ id }) => id),
      first.map(({ id }) => id),
    );
  }
  assert.is(memory.buffers, sizes.length);
  assert.is(memory.peakBytes, 4 * classBytes(1000) + 2 * classBytes(5000));
});

test("a block that is held is not given out again", () => {
  const memory = made();
  const blocks = [1, 2, 3, 4].map(() => memory.take(256));
  memory.give(blocks[2]);
  memory.give(blocks[0]);
  assert.is(memory.take(256), blocks[0]);
  assert.is(memory.take(256), blocks[2]);
  assert.not.ok(blocks.includes(memory.take(256)));
});

test.run();
