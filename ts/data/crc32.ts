// CRC-32 as PNG and zip have it, and CRC-32C.

/** The checksum of a polynomial, given reflected. */
function checksumOf(polynomial: number): (bytes: Uint8Array) => number {
  const table = new Uint32Array(256).map((_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? polynomial ^ (value >>> 1) : value >>> 1;
    return value;
  });
  return (bytes) => {
    let value = 0xffffffff;
    for (const byte of bytes) value = table[(value ^ byte) & 255] ^ (value >>> 8);
    return (value ^ 0xffffffff) >>> 0;
  };
}

export const crc32 = /* @__PURE__ */ checksumOf(0xedb88320);

/** Castagnoli's polynomial (RFC 3720). */
export const crc32c = /* @__PURE__ */ checksumOf(0x82f63b78);
