// The chunks of a memory: what a thread leaves behind goes to those that come after it, and what could not be had is given back.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createSharedMemory, leaveChunks } from "../../../ts/backend/index.ts";
import { Arena } from "../../../ts/backend/wasm/arena.ts";

const MIB = 1 << 20;
const breakOf = (memory: WebAssembly.Memory): number => new Int32Array(memory.buffer)[16];

/** What a thread does: blocks of many sizes, some of them larger than a chunk. Returns them. */
function live(memory: WebAssembly.Memory, thread: number): { readonly address: number; readonly bytes: number }[] {
  const arena = new Arena(memory, thread);
  return [1, 3, 9, 1, 2, 20, 1].map((mib) => ({ address: arena.allocate(mib * MIB), bytes: mib * MIB }));
}

const test = suite("chunks of a memory");

test("a hundred threads, one after the other, take no more memory than one", () => {
  const memory = createSharedMemory(4096);
  live(memory, 0);
  live(memory, 1);
  const after = breakOf(memory);
  for (let thread = 2; thread < 100; thread++) {
    assert.ok(leaveChunks(memory, thread - 1) > 0, `chunks of thread ${thread - 1}`);
    live(memory, thread);
  }
  assert.is(breakOf(memory), after);
});

test("threads at work keep theirs: no two blocks overlap", () => {
  const memory = createSharedMemory(16384);
  const blocks = [0, 1, 2].flatMap((thread) => live(memory, thread));
  leaveChunks(memory, 1);
  const rest = [...blocks.slice(0, 7), ...blocks.slice(14), ...live(memory, 3), ...live(memory, 4)];
  rest.sort((a, b) => a.address - b.address);
  for (let at = 1; at < rest.length; at++) assert.ok(rest[at - 1].address + rest[at - 1].bytes <= rest[at].address, `block ${at}`);
  assert.is(leaveChunks(memory, 7), 0);
});

test("what could not be had is given back", () => {
  const memory = createSharedMemory(512);
  const arena = new Arena(memory, 5);
  arena.allocate(MIB);
  const before = breakOf(memory);
  for (let time = 0; time < 3000; time++) assert.throws(() => arena.allocate(64 * MIB), /memory: .* MiB needed/);
  assert.is(breakOf(memory), before);
  assert.ok(arena.allocate(8 * MIB) > 0);
});

test.run();
