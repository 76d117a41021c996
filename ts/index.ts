// perpend's public interface. Runs in any JavaScript engine with WebAssembly SIMD; nothing below imports node: modules.
// Outside Node: setBackend(createWasmBackend(module)) with the compiled strict.wasm. In Node that is done by itself.
import "./autograd/methods.ts";

export * from "./autograd/index.ts";
export { createDryBackend, createReferenceBackend, createSharedMemory, createWasmBackend, type WasmBackend } from "./backend/index.ts";
export { CONTRACT } from "./contract.ts";
export * from "./data/index.ts";
export * from "./metrics/index.ts";
export * from "./models/index.ts";
export * from "./nn/index.ts";
export * from "./optim/index.ts";
export { RandomStream, stream } from "./random.ts";
export * from "./serve/index.ts";
export { defaultShards } from "./shards.ts";
export * from "./train/index.ts";
