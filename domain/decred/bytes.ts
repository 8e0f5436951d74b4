/** Reads the uint16 at an offset, little-endian. Bytes past the end count as 0: the caller checks lengths. */
export const uint16At = (bytes: Uint8Array, offset: number): number =>
  (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8)

/** Reads the uint32 at an offset, little-endian. Bytes past the end count as 0: the caller checks lengths. */
export const uint32At = (bytes: Uint8Array, offset: number): number =>
  (uint16At(bytes, offset) | (uint16At(bytes, offset + 2) << 16)) >>> 0
