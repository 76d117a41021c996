// Backends that need nothing but a JavaScript engine with WebAssembly.
export type { Backend, Buffer, MemoryUse } from "./backend.ts";
export { createDryBackend } from "./dry.ts";
export { createReferenceBackend } from "./reference.ts";
export { createSharedMemory } from "./wasm/arena.ts";
export { leaveChunks } from "./wasm/ledger.ts";
export { createWasmBackend, wasmBuffer, type WasmBackend, type WasmBuffer } from "./wasm/wasm.ts";
export { markWide, WIDE_ADDRESS } from "./wasm/wide-word.ts";
