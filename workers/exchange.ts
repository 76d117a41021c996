// How workers show each other rows of numbers: each copies its own into a block of its own, tells the place, and after the barrier
// copies all of them. Two blocks in turn suffice: nobody writes a block again before all have passed the next barrier.
import type { Exchange } from "../ts/autograd/index.ts";
import type { Buffer, WasmBackend } from "../ts/backend/index.ts";
import { wasmBuffer } from "../ts/backend/index.ts";
import type { Barrier } from "./barrier.ts";
import { rowsWord } from "./protocol.ts";

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
    const block = this.room(this.blocks, local.length);
    backend.copy(local, block);
    const own = rowsWord(worker, this.parity);
    Atomics.store(words, own, wasmBuffer(block).offset | 0);
    Atomics.store(words, own + 1, offset);
    Atomics.store(words, own + 2, local.length);
    this.barrier.wait();
    const result = this.room(this.results, total);
    for (let of = 0; of < workers; of++) {
      const rows = rowsWord(of, this.parity);
      const length = Atomics.load(words, rows + 2);
      const from = backend.at(Atomics.load(words, rows) >>> 0, length);
      backend.copy(from, backend.view(result, Atomics.load(words, rows + 1), length));
    }
    return backend.view(result, 0, total);
  }

  later(work: () => void): void {
    this.waiting.push(work);
  }

  /** Does what waits, in order. */
  settle(): void {
    for (const work of this.waiting.splice(0)) work();
  }
}
