// perpend in workerd (Cloudflare Workers): it compiles no WebAssembly from bytes, so the kernels are a module that is imported. It has no
// threads: training runs on the calling one.
import kernels from "../strict.wasm";
import { createWasmBackend, setBackend } from "./index.ts";

export * from "./index.ts";

/** The compiled kernels. */
export function loadKernels(): WebAssembly.Module {
  return kernels;
}

setBackend(() => createWasmBackend(kernels));
