import { bytesToHex } from '@noble/hashes/utils.js'

/** Prints bytes as lower-case hex, two digits a byte. */
export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes)

/** Reads hex of either case; undefined when a character is not a hex digit or one is left over. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = digit(text.charCodeAt(2 * i))
    const low = digit(text.charCodeAt(2 * i + 1))
    if (high < 0 || low < 0) return undefined
    bytes[i] = (high << 4) | low
  }
  return bytes
}

/** Value of the hex digit with a character code; -1 when it is none. */
function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}

/** Copies bytes in the opposite order. */
export const reverseBytes = (bytes: Uint8Array): Uint8Array => bytes.slice().reverse()

/** Prints a 32-byte hash as explorers do: last byte first. */
export const displayHash = (hash: Uint8Array): string => toHex(reverseBytes(hash))

/** Reads a hash as explorers print it, into the order of the chain; undefined unless it is 64 hex digits. */
export function fromDisplayHash(text: string): Uint8Array | undefined {
  return text.length === 64 ? fromHex(text)?.reverse() : undefined
}
