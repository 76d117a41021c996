// Writes sets in the forms that their sites have, for tests: CIFAR's records, idx files, archives.
import { tar, type TarMember } from "../data/tar-writer.ts";

export const RECORD = 3073;

/** CIFAR-10 records with labels 0, 1, 2, ... from `first` on, a stripe of its own for each label. */
export function records(count: number, first = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count * RECORD);
  for (let i = 0; i < count; i++) {
    const label = (first + i) % 10;
    bytes[i * RECORD] = label;
    bytes.fill(20 + 20 * label, i * RECORD + 1 + 64 * label, i * RECORD + 1 + 1024 + 64 * label);
  }
  return bytes;
}

/** An idx file of these sizes, its values 0 to 9 in turn. */
export function idx(sizes: readonly number[]): Uint8Array<ArrayBuffer> {
  const head = 4 + 4 * sizes.length;
  const count = sizes.reduce((product, size) => product * size, 1);
  const bytes = new Uint8Array(head + count);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x800 + sizes.length);
  sizes.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  for (let i = 0; i < count; i++) bytes[head + i] = i % 10;
  return bytes;
}

/** CIFAR-10's six files as its archive has them, unless `counts` has other numbers of records. */
export function cifar10Members(counts: { readonly [name: string]: number } = {}): TarMember[] {
  const names = [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), "test_batch.bin"];
  const files = names.map((name, i) => ({ name: `cifar-10-batches-bin/${name}`, data: records(counts[name] ?? 10_000, i) }));
  const text = new TextEncoder().encode("airplane\n");
  return [{ name: "cifar-10-batches-bin/", type: "5" }, { name: "cifar-10-batches-bin/batches.meta.txt", data: text }, ...files];
}

/** A tar archive of these members. */
export function archive(members: readonly TarMember[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(tar(members));
}
