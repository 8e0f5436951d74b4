/** The eight words that SHA-256 also starts from. */
export const START = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
] as const

/** Digits of pi, the constants of BLAKE-256. */
export const PI = [
  0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89, 0x452821e6,
  0x38d01377, 0xbe5466cf, 0x34e90c6c, 0xc0ac29b7, 0xc97c50dd, 0x3f84d5b5, 0xb5470917,
] as const

/** Order in which a round takes the words of a block. The eleventh round begins again with the first. */
export const PERMUTATIONS = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
]

const BLOCK_BYTES = 64
const ROUNDS = 14

/** The k-th word that the rounds take is `block[ORDER[k]]`, xored with `KEY[k]`: pi's word for its neighbour. */
const ORDER = new Uint8Array(16 * ROUNDS)
const KEY = new Int32Array(16 * ROUNDS)
for (let k = 0; k < ORDER.length; k++) {
  const permutation = PERMUTATIONS[(k >> 4) % PERMUTATIONS.length] ?? []
  ORDER[k] = permutation[k & 15] ?? 0
  KEY[k] = PI[permutation[(k & 15) ^ 1] ?? 0] ?? 0
}

// Scratch of the one call that runs at a time: hashing makes no garbage but its result.
const state = new Int32Array(8)
const block = new Int32Array(16)
const tail = new Uint8Array(2 * BLOCK_BYTES)

/**
 * BLAKE-256 with 14 rounds and no salt, 32 bytes: Decred's hash of blocks, transactions and addresses, and its proof of
 * work before DCP0011. Not BLAKE2s, nor the 8-round variant of other coins. Source: the SHA-3 finalist BLAKE.
 */
export function blake256(bytes: Uint8Array): Uint8Array {
  state.set(START)
  const rest = bytes.length % BLOCK_BYTES
  const whole = bytes.length - rest
  for (let offset = 0; offset < whole; offset += BLOCK_BYTES) {
    loadBlock(bytes, offset)
    compress(offset + BLOCK_BYTES)
  }
  const tailBytes = padTail(bytes, whole)
  for (let offset = 0; offset < tailBytes; offset += BLOCK_BYTES) {
    loadBlock(tail, offset)
    // A block that holds padding alone counts no bytes.
    compress(offset < rest ? bytes.length : 0)
  }
  const digest = new Uint8Array(32)
  for (let i = 0; i < 8; i++) storeWord(digest, 4 * i, state[i] ?? 0)
  return digest
}

/** Puts what follows the last whole block into `tail`: the rest of the message, a 1 bit, zeros, a 1 bit, 64 bits of length. */
function padTail(bytes: Uint8Array, whole: number): number {
  const rest = bytes.length - whole
  const end = rest < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES
  for (let i = 0; i < rest; i++) tail[i] = bytes[whole + i] ?? 0
  tail.fill(0, rest, end)
  tail[rest] = 0x80
  tail[end - 9] = (tail[end - 9] ?? 0) | 1
  storeWord(tail, end - 8, bitsHigh(bytes.length))
  storeWord(tail, end - 4, bitsLow(bytes.length))
  return end
}

/** High and low word of the number of bits in that many bytes. */
const bitsHigh = (bytes: number): number => (bytes / 0x2000_0000) | 0
const bitsLow = (bytes: number): number => bytes << 3

function storeWord(bytes: Uint8Array, offset: number, word: number): void {
  bytes[offset] = word >>> 24
  bytes[offset + 1] = word >>> 16
  bytes[offset + 2] = word >>> 8
  bytes[offset + 3] = word
}

function loadBlock(bytes: Uint8Array, offset: number): void {
  for (let i = 0; i < 16; i++) {
    const at = offset + 4 * i
    block[i] =
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)
  }
}

/** The k-th word that the rounds take. */
const word = (k: number): number => (block[ORDER[k] ?? 0] ?? 0) ^ (KEY[k] ?? 0)

/**
 * Folds `block` into `state`; `count` is the number of message bytes up to its end. The sixteen working words are
 * variables and the round is written out, so that they stay in registers: more than twice as fast as an array.
 */
function compress(count: number): void {
  let v0 = state[0] ?? 0
  let v1 = state[1] ?? 0
  let v2 = state[2] ?? 0
  let v3 = state[3] ?? 0
  let v4 = state[4] ?? 0
  let v5 = state[5] ?? 0
  let v6 = state[6] ?? 0
  let v7 = state[7] ?? 0
  let v8 = PI[0] | 0
  let v9 = PI[1] | 0
  let v10 = PI[2] | 0
  let v11 = PI[3] | 0
  let v12 = PI[4] ^ bitsLow(count)
  let v13 = PI[5] ^ bitsLow(count)
  let v14 = PI[6] ^ bitsHigh(count)
  let v15 = PI[7] ^ bitsHigh(count)
  for (let k = 0; k < ORDER.length; k += 16) {
    v0 = (v0 + v4 + word(k)) | 0
    v12 ^= v0
    v12 = (v12 >>> 16) | (v12 << 16)
    v8 = (v8 + v12) | 0
    v4 ^= v8
    v4 = (v4 >>> 12) | (v4 << 20)
    v0 = (v0 + v4 + word(k + 1)) | 0
    v12 ^= v0
    v12 = (v12 >>> 8) | (v12 << 24)
    v8 = (v8 + v12) | 0
    v4 ^= v8
    v4 = (v4 >>> 7) | (v4 << 25)

    v1 = (v1 + v5 + word(k + 2)) | 0
    v13 ^= v1
    v13 = (v13 >>> 16) | (v13 << 16)
    v9 = (v9 + v13) | 0
    v5 ^= v9
    v5 = (v5 >>> 12) | (v5 << 20)
    v1 = (v1 + v5 + word(k + 3)) | 0
    v13 ^= v1
    v13 = (v13 >>> 8) | (v13 << 24)
    v9 = (v9 + v13) | 0
    v5 ^= v9
    v5 = (v5 >>> 7) | (v5 << 25)

    v2 = (v2 + v6 + word(k + 4)) | 0
    v14 ^= v2
    v14 = (v14 >>> 16) | (v14 << 16)
    v10 = (v10 + v14) | 0
    v6 ^= v10
    v6 = (v6 >>> 12) | (v6 << 20)
    v2 = (v2 + v6 + word(k + 5)) | 0
    v14 ^= v2
    v14 = (v14 >>> 8) | (v14 << 24)
    v10 = (v10 + v14) | 0
    v6 ^= v10
    v6 = (v6 >>> 7) | (v6 << 25)

    v3 = (v3 + v7 + word(k + 6)) | 0
    v15 ^= v3
    v15 = (v15 >>> 16) | (v15 << 16)
    v11 = (v11 + v15) | 0
    v7 ^= v11
    v7 = (v7 >>> 12) | (v7 << 20)
    v3 = (v3 + v7 + word(k + 7)) | 0
    v15 ^= v3
    v15 = (v15 >>> 8) | (v15 << 24)
    v11 = (v11 + v15) | 0
    v7 ^= v11
    v7 = (v7 >>> 7) | (v7 << 25)

    v0 = (v0 + v5 + word(k + 8)) | 0
    v15 ^= v0
    v15 = (v15 >>> 16) | (v15 << 16)
    v10 = (v10 + v15) | 0
    v5 ^= v10
    v5 = (v5 >>> 12) | (v5 << 20)
    v0 = (v0 + v5 + word(k + 9)) | 0
    v15 ^= v0
    v15 = (v15 >>> 8) | (v15 << 24)
    v10 = (v10 + v15) | 0
    v5 ^= v10
    v5 = (v5 >>> 7) | (v5 << 25)

    v1 = (v1 + v6 + word(k + 10)) | 0
    v12 ^= v1
    v12 = (v12 >>> 16) | (v12 << 16)
    v11 = (v11 + v12) | 0
    v6 ^= v11
    v6 = (v6 >>> 12) | (v6 << 20)
    v1 = (v1 + v6 + word(k + 11)) | 0
    v12 ^= v1
    v12 = (v12 >>> 8) | (v12 << 24)
    v11 = (v11 + v12) | 0
    v6 ^= v11
    v6 = (v6 >>> 7) | (v6 << 25)

    v2 = (v2 + v7 + word(k + 12)) | 0
    v13 ^= v2
    v13 = (v13 >>> 16) | (v13 << 16)
    v8 = (v8 + v13) | 0
    v7 ^= v8
    v7 = (v7 >>> 12) | (v7 << 20)
    v2 = (v2 + v7 + word(k + 13)) | 0
    v13 ^= v2
    v13 = (v13 >>> 8) | (v13 << 24)
    v8 = (v8 + v13) | 0
    v7 ^= v8
    v7 = (v7 >>> 7) | (v7 << 25)

    v3 = (v3 + v4 + word(k + 14)) | 0
    v14 ^= v3
    v14 = (v14 >>> 16) | (v14 << 16)
    v9 = (v9 + v14) | 0
    v4 ^= v9
    v4 = (v4 >>> 12) | (v4 << 20)
    v3 = (v3 + v4 + word(k + 15)) | 0
    v14 ^= v3
    v14 = (v14 >>> 8) | (v14 << 24)
    v9 = (v9 + v14) | 0
    v4 ^= v9
    v4 = (v4 >>> 7) | (v4 << 25)
  }
  state[0] = (state[0] ?? 0) ^ v0 ^ v8
  state[1] = (state[1] ?? 0) ^ v1 ^ v9
  state[2] = (state[2] ?? 0) ^ v2 ^ v10
  state[3] = (state[3] ?? 0) ^ v3 ^ v11
  state[4] = (state[4] ?? 0) ^ v4 ^ v12
  state[5] = (state[5] ?? 0) ^ v5 ^ v13
  state[6] = (state[6] ?? 0) ^ v6 ^ v14
  state[7] = (state[7] ?? 0) ^ v7 ^ v15
}
