// The values of buffers as they lie in memory, for hashing: without a copy where the backend keeps them in this thread's reach.
import type { Backend, Buffer } from "../backend/backend.ts";
import type { WasmBackend } from "../backend/index.ts";

function isInReach(backend: Backend): backend is WasmBackend {
  return "values" in backend;
}

/** `length` values from `from` on; not to be kept. Error: a backend that answers only later. */
export function valuesOf(backend: Backend, buffer: Buffer, from: number, length: number): Float32Array | Float64Array {
  if (isInReach(backend)) return backend.values(buffer).subarray(from, from + length);
  if (!backend.readSync) throw new Error(`digest: the ${backend.name} backend answers later, wanted one that has values at once`);
  return backend.readSync(buffer).subarray(from, from + length);
}

/** Their bytes, little-endian. */
export function bytesOf(backend: Backend, buffer: Buffer, from: number, length: number): Uint8Array {
  const { buffer: memory, byteOffset, byteLength } = valuesOf(backend, buffer, from, length);
  return new Uint8Array(memory, byteOffset, byteLength);
}
