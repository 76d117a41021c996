// Values as a function of a text and an index: the same numbers as in make.py, so that weights and images need no files.

const UNIT = 2 ** -31;

/** FNV-1a of the characters. */
function seedOf(text: string): number {
  let h = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return h >>> 0;
}

function mix(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x21f0aaad);
  h ^= h >>> 15;
  h = Math.imul(h, 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** `count` values in [-1, 1) on the grid of 2^-31. */
export function signed(text: string, count: number): Float64Array {
  const seed = seedOf(text);
  return Float64Array.from({ length: count }, (_, index) => mix((index + seed) >>> 0) * UNIT - 1);
}

/** Initial values of a net's state, in PyTorch's layout; float32 holds them exactly. */
export function initial(key: string, shape: readonly number[]): Float64Array {
  const values = signed(
    key,
    shape.reduce((size, length) => size * length, 1),
  );
  const fanIn = shape.slice(1).reduce((size, length) => size * length, 1);
  const inNorm = `.${key}`.includes(".norm");
  const aroundOne = inNorm && (key.endsWith("weight") || key.endsWith("running_var"));
  return values.map((value) => {
    if (shape.length > 1) return Math.fround(value * Math.sqrt((shape.length === 4 ? 6 : 1) / fanIn));
    return Math.fround(aroundOne ? 1 + 0.25 * value : (inNorm ? 0.25 : 0.125) * value);
  });
}

/** Images [N, H, W, C], a coarse pattern of the class and noise; class of image n: n mod 10. */
export function images(count: number, size: number, channels = 3): { x: Float64Array; labels: Float64Array } {
  const pattern = signed("pattern", 10 * 8 * 8 * channels);
  const noise = signed("noise", count * size * size * channels);
  const x = noise.map((value, index) => {
    const c = index % channels;
    const column = Math.floor(((Math.floor(index / channels) % size) * 8) / size);
    const row = Math.floor(((Math.floor(index / (channels * size)) % size) * 8) / size);
    const label = Math.floor(index / (channels * size * size)) % 10;
    return Math.fround(pattern[((label * 8 + row) * 8 + column) * channels + c] + value);
  });
  return { x, labels: Float64Array.from({ length: count }, (_, n) => n % 10) };
}
