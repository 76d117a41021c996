// What this machine can do at best, to hold everything else against: multiply-adds on registers and copies.
import type { KernelRoom } from "./kernel-room.ts";

/** A call of a calibration kernel, for any thread. */
export interface CeilingCall {
  /** Of the wasm export. */
  readonly name: string;
  readonly parameters: readonly number[];
  /** Floating-point operations, or bytes read and written. */
  readonly work: number;
}

const ITERATIONS = 20_000;

/** Independent chains v = v x + y on vectors of four lanes: no memory, and nothing waits for anything. */
export function multiplyAdds(room: KernelRoom): CeilingCall {
  const buffer = room.filled(8, () => 0.5);
  return { name: "calibrate_f32", parameters: [buffer, ITERATIONS], work: 96 * ITERATIONS };
}

/** Copies `bytes` from one block to another, often enough that the call itself costs nothing. */
export function copies(room: KernelRoom, bytes: number): CeilingCall {
  // Filled, since pages that nobody has written are all the same page.
  const from = room.filled(bytes / 4);
  const to = room.filled(bytes / 4);
  const repeats = Math.max(1, Math.floor(2 ** 21 / bytes));
  return { name: "calibrate_copy_f32", parameters: [from, to, bytes, repeats], work: 2 * bytes * repeats };
}

/** Calls it on this thread. */
export function ceilingRun(room: KernelRoom, { name, parameters }: CeilingCall): () => void {
  const run = room.export(name);
  return () => run(...parameters);
}
