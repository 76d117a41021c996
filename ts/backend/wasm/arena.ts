// One thread's share of the shared WebAssembly memory. Chunks come from one atomic break that all threads share; freed
// blocks go to lists by size class, so that a training step finds the blocks of the step before. Nothing moves.
import { enterChunk, inheritChunk, strikeChunk, type Chunk } from "./ledger.ts";

const PAGE = 65536;
/** Byte address of the break, counted in pages. Static data of the module starts above it. */
const BREAK_ADDRESS = 64;
/** First page that arenas hand out; static data of the module lies below. */
const FIRST_PAGE = 16;
const CHUNK_PAGES = 64;

/** A shared memory of at most `maximumPages` (65,536 pages are 4 GiB), or of as many as the system lets reserve, ready for arenas. */
export function createSharedMemory(maximumPages = 65536): WebAssembly.Memory {
  for (let maximum = maximumPages; ; maximum = Math.floor(maximum / 2)) {
    try {
      const memory = new WebAssembly.Memory({ initial: FIRST_PAGE, maximum, shared: true });
      Atomics.store(new Int32Array(memory.buffer), BREAK_ADDRESS / 4, FIRST_PAGE);
      return memory;
    } catch (error) {
      if (!(error instanceof RangeError) || maximum < 16 * FIRST_PAGE) throw error;
    }
  }
}

/** Bytes of a size class: eighths of an octave above 1 KiB, and an odd count of cache lines so that equal blocks do not alias. */
function classBytes(bytes: number): number {
  if (bytes <= 1024) return Math.max(64, (bytes + 63) & ~63);
  const step = 1 << (31 - Math.clz32((bytes - 1) >>> 3));
  return Math.ceil(bytes / step) * step + (bytes >= 4096 ? 192 : 0);
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  private readonly owner: number;
  private readonly lists = new Map<number, number[]>();
  /** What is left of the chunks, the newest last: small blocks fill what a large one left when it did not fit. */
  private readonly stretches: { next: number; end: number }[] = [];
  private words: Int32Array;
  /** All memory as floats; made again when the memory grew. */
  floats: Float32Array;
  buffers = 0;
  bytes = 0;
  peakBytes = 0;

  /** `owner` is the thread's number: what it had goes to others by leaveChunks(memory, owner) once it is gone. */
  constructor(memory: WebAssembly.Memory, owner = 0) {
    this.memory = memory;
    this.owner = owner;
    this.words = new Int32Array(memory.buffer);
    this.floats = new Float32Array(memory.buffer);
  }

  /** Makes the views reach `end`, growing the memory when it must. */
  reach(end: number): void {
    if (this.floats.byteLength >= end) return;
    while (this.memory.buffer.byteLength < end) {
      const pages = Math.ceil((end - this.memory.buffer.byteLength) / PAGE);
      try {
        this.memory.grow(pages);
      } catch {
        if (this.memory.buffer.byteLength >= end) break;
        throw new RangeError(
          `memory: ${(end / 1048576).toFixed(0)} MiB needed, at most ${(this.memory.buffer.byteLength / 1048576).toFixed(0)} MiB could be had; ` +
            "use a smaller batch or model, or recomputation (checkpointBlocks)",
        );
      }
    }
    this.words = new Int32Array(this.memory.buffer);
    this.floats = new Float32Array(this.memory.buffer);
  }

  /** One that a lost thread left behind, else a fresh one. A thread lost between taking and entering one takes it along; no more than that. */
  private chunk(wanted: number): Chunk {
    const left = inheritChunk(this.words, this.owner, wanted);
    if (left) {
      this.reach((left.from + left.pages) * PAGE);
      return left;
    }
    const from = Atomics.add(this.words, BREAK_ADDRESS / 4, wanted);
    const fresh = { from, pages: wanted };
    enterChunk(this.words, this.owner, fresh);
    try {
      this.reach((from + wanted) * PAGE);
    } catch (error) {
      strikeChunk(this.words, this.owner, fresh);
      Atomics.compareExchange(this.words, BREAK_ADDRESS / 4, from + wanted, from);
      throw error;
    }
    return fresh;
  }

  /** A block that was never handed out. */
  private fresh(bytes: number): number {
    let stretch = this.stretches.find(({ next, end }) => next + bytes <= end);
    if (stretch === undefined) {
      const { from, pages } = this.chunk(Math.max(CHUNK_PAGES, Math.ceil(bytes / PAGE)));
      const last = this.stretches.at(-1);
      // A chunk that follows the last one continues it.
      if (last?.end === from * PAGE) stretch = last;
      else this.stretches.push((stretch = { next: from * PAGE, end: 0 }));
      stretch.end = (from + pages) * PAGE;
    }
    const address = stretch.next;
    stretch.next += bytes;
    return address;
  }

  /** Byte address of a block of at least `bytes`, a multiple of 64. Contents are undefined. */
  allocate(bytes: number): number {
    const size = classBytes(bytes);
    this.buffers++;
    this.bytes += size;
    if (this.bytes > this.peakBytes) this.peakBytes = this.bytes;
    return this.lists.get(size)?.pop() ?? this.fresh(size);
  }

  /** Gives back a block that was allocated for `bytes`. */
  free(address: number, bytes: number): void {
    const size = classBytes(bytes);
    this.buffers--;
    this.bytes -= size;
    const list = this.lists.get(size);
    if (list) list.push(address);
    else this.lists.set(size, [address]);
  }
}
