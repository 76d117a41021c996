import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createSharedMemory, createWasmBackend, markWide, WIDE_ADDRESS } from "../../../ts/backend/index.ts";

const bytes = readFileSync(new URL("../../../build/strict.wasm", import.meta.url));
const wordOf = (memory: WebAssembly.Memory): number => new Int32Array(memory.buffer)[WIDE_ADDRESS / 4];

const test = suite("backend/wasm/wide-word");

test("is 0 for plain code, 1 for wide code, and stays as it is where a module came from another thread", () => {
  const plain = new WebAssembly.Module(bytes);
  const wide = new WebAssembly.Module(bytes);
  markWide(wide);
  assert.is(wordOf(createWasmBackend(plain).memory), 0);
  assert.is(wordOf(createWasmBackend(wide).memory), 1);
  const shared = createSharedMemory();
  createWasmBackend(wide, shared);
  createWasmBackend(structuredClone(wide), shared);
  assert.is(wordOf(shared), 1);
  assert.is(wordOf(createWasmBackend(structuredClone(wide)).memory), 0);
});

test.run();
