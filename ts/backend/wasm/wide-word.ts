// The word in shared memory that tells kernels which tile of matrix products to take: 0 two rows, 1 four rows, which is fast only where
// the engine joins vectors to 256 bits (assembly/simd/tile.ts). Same bits. Who makes a memory for a module sets it; workers find it set.

export const WIDE_ADDRESS = 68;

const wide = new WeakSet<WebAssembly.Module>();

/** Says that this thread's engine made wide code of a module. */
export function markWide(module: WebAssembly.Module): void {
  wide.add(module);
}

/** Sets the word of a memory that kernels of this module are to run in. A module that came from another thread leaves it alone. */
export function setWideWord(module: WebAssembly.Module, memory: WebAssembly.Memory): void {
  if (wide.has(module)) Atomics.store(new Int32Array(memory.buffer), WIDE_ADDRESS / 4, 1);
}
