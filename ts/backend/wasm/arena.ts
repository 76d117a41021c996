// One thread's share of the shared WebAssembly memory. Chunks come from one atomic break that all threads share; freed
// blocks go to lists by size class, so that a training step finds the blocks of the step before. Nothing moves.
import { enterChunk, inheritChunk, strikeChunk, type Chunk } from "./ledger.ts";

const PAGE = 65536;
/** Int32 indices of the break and of the most there can be, counted in pages. Static data of the module starts above them. */
const BREAK = 16;
const MOST = 18;
/** First page that arenas hand out; static data of the module lies below. */
const FIRST_PAGE = 16;
const CHUNK_PAGES = 64;

/** A shared memory of at most `maximumPages` (65,536 pages are 4 GiB), or of as many as the system lets reserve, ready for arenas. */
export function createSharedMemory(maximumPages = 65536): WebAssembly.Memory {
  for (let maximum = maximumPages; ; maximum = Math.floor(maximum / 2)) {
    try {
      const memory = new WebAssembly.Memory({ initial: FIRST_PAGE, maximum, shared: true });
      const words = new Int32Array(memory.buffer);
      Atomics.store(words, BREAK, FIRST_PAGE);
      Atomics.store(words, MOST, maximum);
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

function tooMuch(needed: number, most: number): RangeError {
  const mebibytes = (bytes: number): string => (bytes / 1048576).toFixed(0);
  return new RangeError(
    `memory: ${mebibytes(needed)} MiB needed, at most ${mebibytes(most)} MiB could be had; ` +
      "use a smaller batch or model, or recomputation (checkpointBlocks)",
  );
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
        throw tooMuch(end, this.memory.buffer.byteLength);
      }
    }
    this.words = new Int32Array(this.memory.buffer);
    this.floats = new Float32Array(this.memory.buffer);
  }

  /** Moves the break; what cannot be had leaves it where it is, for the other threads. */
  private advance(wanted: number): number {
    const most = Atomics.load(this.words, MOST);
    for (;;) {
      const from = Atomics.load(this.words, BREAK);
      if (from + wanted > most) throw tooMuch((from + wanted) * PAGE, most * PAGE);
      if (Atomics.compareExchange(this.words, BREAK, from, from + wanted) === from) return from;
    }
  }

  /** One that a lost thread left behind, else a fresh one. A thread lost between taking and entering one takes it along; no more than that. */
  private chunk(wanted: number): Chunk {
    const left = inheritChunk(this.words, this.owner, wanted);
    if (left) {
      this.reach((left.from + left.pages) * PAGE);
      return left;
    }
    const from = this.advance(wanted);
    const fresh = { from, pages: wanted };
    enterChunk(this.words, this.owner, fresh);
    try {
      this.reach((from + wanted) * PAGE);
    } catch (error) {
      strikeChunk(this.words, this.owner, fresh);
      Atomics.compareExchange(this.words, BREAK, from + wanted, from);
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
