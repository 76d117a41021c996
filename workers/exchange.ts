// How workers show each other rows of numbers: each copies its own into a block of its own, tells the address, and after the barrier
// copies all of them. Two blocks in turn suffice: nobody writes a block again before all have passed the next barrier.
import type { Exchange } from "../ts/autograd/index.ts";
import type { Buffer, WasmBackend } from "../ts/backend/index.ts";
import { wasmBuffer } from "../ts/backend/index.ts";
import type { Barrier } from "./barrier.ts";
import { CONTROL } from "./protocol.ts";

interface Range {
  readonly offset: number;
  readonly length: number;
}

export class MemoryExchange implements Exchange {
  private readonly backend: WasmBackend;
  private readonly words: Int32Array<ArrayBufferLike>;
  private readonly barrier: Barrier;
  private worker = 0;
  private workers = 1;
  private readonly blocks: (Buffer | null)[] = [null, null];
  private readonly results: (Buffer | null)[] = [null, null];
  private readonly waiting: (() => void)[] = [];
  private parity: 0 | 1 = 0;

  constructor(backend: WasmBackend, words: Int32Array<ArrayBufferLike>, barrier: Barrier) {
    this.backend = backend;
    this.words = words;
    this.barrier = barrier;
  }

  /** Takes part in an attempt. One that was given up may have left the threads at different places. */
  begin({ worker, workers }: { readonly worker: number; readonly workers: number }): void {
    this.worker = worker;
    this.workers = workers;
    this.parity = 0;
    this.waiting.length = 0;
  }

  private room(list: (Buffer | null)[], length: number): Buffer {
    const known = list[this.parity];
    if (known && known.length >= length) return known;
    if (known) this.backend.free(known);
    const made = this.backend.allocate(Math.max(1024, 2 * length));
    list[this.parity] = made;
    return made;
  }

  share(local: Buffer, offset: number, total: number): Buffer {
    const { backend, words, worker, workers } = this;
    this.parity = this.parity === 0 ? 1 : 0;
    // The block begins with the place of its rows.
    const block = this.room(this.blocks, local.length + 2);
    new Uint32Array(backend.memory.buffer, wasmBuffer(block).offset, 2).set([offset, local.length]);
    backend.copy(local, backend.view(block, 2, local.length));
    const slot = (of: number): number => CONTROL.exchange + 2 * of + this.parity;
    Atomics.store(words, slot(worker), wasmBuffer(block).offset | 0);
    this.barrier.wait();
    const result = this.room(this.results, total);
    for (let of = 0; of < workers; of++) {
      const address = Atomics.load(words, slot(of)) >>> 0;
      const place = this.placeAt(address);
      backend.copy(backend.at(address + 8, place.length), backend.view(result, place.offset, place.length));
    }
    return backend.view(result, 0, total);
  }

  private placeAt(address: number): Range {
    const [offset, length] = new Uint32Array(this.backend.memory.buffer, address, 2);
    return { offset, length };
  }

  later(work: () => void): void {
    this.waiting.push(work);
  }

  /** Does what waits, in order. */
  settle(): void {
    for (const work of this.waiting.splice(0)) work();
  }
}
