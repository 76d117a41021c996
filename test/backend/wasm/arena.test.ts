// Arenas of several threads in one memory: blocks apart, used again, and little of the memory lost between them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Arena, createSharedMemory } from "../../../ts/backend/wasm/arena.ts";

const MIB = 2 ** 20;
/** An activation that is a little more than a chunk, and the small tensors beside it. */
const SIZES = [4.4 * MIB, 40_000, 40_000, 600, 40];

interface Block {
  readonly from: number;
  readonly bytes: number;
}

function fill(arena: Arena, rounds: number): Block[] {
  return Array.from({ length: rounds * SIZES.length }, (_, index) => {
    const bytes = Math.floor(SIZES[index % SIZES.length]);
    return { from: arena.allocate(bytes), bytes };
  });
}

const test = suite("arena");

test("blocks of two threads that take turns lie apart, on lines of the cache, with less than a tenth between them", () => {
  const memory = createSharedMemory();
  const arenas = [new Arena(memory, 1), new Arena(memory, 2)];
  const blocks: Block[] = [];
  for (let round = 0; round < 12; round++) for (const arena of arenas) blocks.push(...fill(arena, 1));
  blocks.sort((a, b) => a.from - b.from);
  blocks.forEach(({ from, bytes }, index) => {
    assert.is(from % 64, 0);
    if (index + 1 < blocks.length) assert.ok(from + bytes <= blocks[index + 1].from, `block ${index} reaches into the next`);
  });
  const used = blocks.reduce((sum, { bytes }) => sum + bytes, 0);
  const reached = memory.buffer.byteLength;
  assert.ok(reached >= used && reached < 1.1 * used + 8 * MIB, `${reached} bytes for ${used}`);
});

test("what is freed is used again, so that a step takes no more than the step before", () => {
  const arena = new Arena(createSharedMemory());
  const first = fill(arena, 3);
  const reached = arena.memory.buffer.byteLength;
  for (const { from, bytes } of first) arena.free(from, bytes);
  assert.equal([arena.buffers, arena.bytes], [0, 0]);
  const second = fill(arena, 3);
  assert.equal(new Set(second.map(({ from }) => from)), new Set(first.map(({ from }) => from)));
  assert.is(arena.memory.buffer.byteLength, reached);
});

test.run();
