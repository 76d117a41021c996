// The SHA-256 of a model's values: little-endian float32 of every entry of stateDict(), in its order and layout. NaN counts as one value.
import type { Module } from "../nn/index.ts";
import { newHasher } from "../sha256.ts";

/** 64 hexadecimal digits that stand for all weights and running statistics. */
export function digest(model: Module): string {
  const hash = newHasher();
  for (const { values } of Object.values(model.stateDict())) {
    const bytes = new DataView(new ArrayBuffer(4 * values.length));
    values.forEach((value, index) => {
      if (value === value) bytes.setFloat32(4 * index, value, true);
      else bytes.setUint32(4 * index, 0x7fc00000, true);
    });
    hash.update(new Uint8Array(bytes.buffer));
  }
  return hash.hex();
}
