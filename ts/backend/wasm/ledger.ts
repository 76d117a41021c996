// Who has which chunk of a shared memory, written in the memory itself, so that what a thread had that is gone goes to the next that asks.

/** Byte address of the chunks: owner + 1 (0 of an empty entry, LEFT, or BEGUN), first page, pages. Static data lies below. */
const ADDRESS = 65536;
const ENTRY = 3;
const LEFT = -1;
/** Being written: stays so if its thread is lost just then. */
const BEGUN = -2;
/** Chunks at most: none is smaller than 64 of 65,536 pages. */
const MOST = 1024;

type Words = Int32Array<ArrayBufferLike>;

export interface Chunk {
  /** First page. */
  readonly from: number;
  readonly pages: number;
}

const places = Array.from({ length: MOST }, (_, index) => ADDRESS / 4 + ENTRY * index);

/** Writes a fresh chunk down. */
export function enterChunk(words: Words, owner: number, { from, pages }: Chunk): void {
  const at = places.find((place) => Atomics.compareExchange(words, place, 0, BEGUN) === 0);
  if (at === undefined) throw new Error(`memory: more than ${MOST} chunks, wanted at most as many`);
  Atomics.store(words, at + 1, from);
  Atomics.store(words, at + 2, pages);
  Atomics.store(words, at, owner + 1);
}

/** Strikes out a chunk that could not be had. */
export function strikeChunk(words: Words, owner: number, { from }: Chunk): void {
  const at = places.find((place) => Atomics.load(words, place) === owner + 1 && Atomics.load(words, place + 1) === from);
  if (at !== undefined) Atomics.store(words, at, 0);
}

/** Takes the smallest chunk of at least `pages` that was left behind; null where there is none. */
export function inheritChunk(words: Words, owner: number, pages: number): Chunk | null {
  const chunkAt = (at: number): Chunk => ({ from: Atomics.load(words, at + 1), pages: Atomics.load(words, at + 2) });
  const left = places.filter((at) => Atomics.load(words, at) === LEFT && chunkAt(at).pages >= pages);
  left.sort((a, b) => chunkAt(a).pages - chunkAt(b).pages || a - b);
  const at = left.find((place) => Atomics.compareExchange(words, place, LEFT, owner + 1) === LEFT);
  return at === undefined ? null : chunkAt(at);
}

/** Lets others have the chunks of a thread that is gone. Returns how many pages they are. */
export function leaveChunks(memory: WebAssembly.Memory, owner: number): number {
  const words = new Int32Array(memory.buffer);
  const own = places.filter((at) => Atomics.compareExchange(words, at, owner + 1, LEFT) === owner + 1);
  return own.reduce((pages, at) => pages + Atomics.load(words, at + 2), 0);
}
