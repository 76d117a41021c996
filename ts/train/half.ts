// Half-precision numbers of files as float32, which holds all of them exactly.

/** IEEE binary16: 1 sign bit, 5 of exponent, 10 of fraction. */
export function fromHalf(words: Uint16Array): Float32Array {
  const values = new Float32Array(words.length);
  const bits = new Uint32Array(values.buffer);
  words.forEach((word, index) => {
    const sign = (word & 0x8000) << 16;
    const exponent = (word >> 10) & 31;
    const fraction = word & 0x3ff;
    if (exponent === 0) {
      // Below the normal numbers: fraction / 2^24.
      values[index] = fraction / 16777216;
      bits[index] |= sign;
    } else bits[index] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
  });
  return values;
}

/** bfloat16: the upper half of a float32. */
export function fromBrainFloat(words: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(words, (word) => word << 16).buffer);
}
