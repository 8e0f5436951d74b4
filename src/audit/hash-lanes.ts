import { PERMUTATIONS, PI, START } from '../../domain/decred/blake256.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'

/**
 * Hashes four headers at a time: BLAKE3 and BLAKE-256 over 180 bytes, in WebAssembly in which every value is four, one for each header
 * (`v128`). One call of an ordinary hash costs as much around the hash as in it, and an audit makes nothing but such calls. Of the three
 * blocks that a hash takes, the first two end before what differs between the shares of a job: they are compressed once for each
 * job. Both hashes have the same quarter round and differ in their message schedule. A test holds them against the ordinary ones.
 *
 * Sources: BLAKE3 specification, 2.2; BLAKE (SHA-3 finalist), 2.1; WebAssembly 2.0, chapters 5.3 and 5.4.
 */
export interface HashLanes {
  /**
   * Words of the four headers: word w of header n at 4 w + n, w from 0 to 47. As the hash reads them: little-endian for BLAKE3, big-endian
   * for BLAKE-256. Those from 45 on are padding, and never written to.
   */
  readonly words: Uint32Array
  /** What the words below {@link TAIL_WORD} leave, eight words of each header in the same way. */
  readonly chains: Uint32Array
  /** Words of the four hashes, w from 0 to 7, in the same order of bytes. */
  readonly hashes: Uint32Array
  /** Compresses the words below {@link TAIL_WORD} into `chains`. */
  readonly begin: () => void
  /** Hashes the words from {@link TAIL_WORD} on, after `chains`, into `hashes`. */
  readonly end: () => void
}

declare global {
  /** What is used here of the WebAssembly JavaScript interface: Node has it, and its types do not. */
  namespace WebAssembly {
    class Module {
      constructor(bytes: Uint8Array<ArrayBuffer>)
    }
    class Instance {
      constructor(module: Module)
      readonly exports: Readonly<Record<string, unknown>>
    }
    class Memory {
      constructor(size: { readonly initial: number })
      readonly buffer: ArrayBuffer
    }
  }
}

/** Headers hashed at once. */
export const LANES = 4
/** Whole words of a header. */
export const HEADER_WORDS = 45
/** First word of the last block: height and size, then time, nonce and extra data. */
export const TAIL_WORD = 32
/** Words that one block hands to the next. */
export const CHAIN_WORDS = 8

/** Bytes of a vector, of the 48 of the padded messages, and where chains and hashes begin after them. */
const VECTOR_BYTES = 16
const MESSAGE_WORDS = 48
const CHAINS_AT = MESSAGE_WORDS * VECTOR_BYTES
const HASHES_AT = CHAINS_AT + CHAIN_WORDS * VECTOR_BYTES

/** How BLAKE3 orders the words anew after each round. */
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
/** Rows of the state that the eight quarter rounds of a round mix: four columns, four diagonals. */
const QUARTERS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

/** A word that a quarter round adds: one of the block, and for BLAKE-256 a constant that it is mixed with. */
interface Added {
  readonly word: number
  readonly constant: number | null
}

/** One compression of the three that 180 bytes take. */
interface Block {
  /** Rows 8 to 15 of the state at its beginning. */
  readonly lower: readonly number[]
  /** What is added in each round: two for each of its quarter rounds. */
  readonly rounds: readonly (readonly Added[])[]
}

function blake3Blocks(): readonly Block[] {
  let order = Array.from({ length: 16 }, (_, i) => i)
  const orders: number[][] = []
  for (let round = 0; round < 7; round++) {
    orders.push(order)
    const before = order
    order = PERMUTATION.map((i) => before[i] ?? 0)
  }
  // Length and flags: begin of a chunk, nothing, end of the chunk and of the tree.
  const tails = [
    [64, 1],
    [64, 0],
    [52, 2 | 8],
  ]
  return tails.map((tail, block) => ({
    lower: [...START.slice(0, 4), 0, 0, ...tail],
    rounds: orders.map((words) => words.map((word) => ({ word: 16 * block + word, constant: null }))),
  }))
}

function blake256Blocks(): readonly Block[] {
  return [512, 1024, 1440].map((bits, block) => ({
    lower: PI.slice(0, 8).map((word, i) => (i === 4 || i === 5 ? (word ^ bits) >>> 0 : word)),
    rounds: Array.from({ length: 14 }, (_, round) => {
      const words = PERMUTATIONS[round % PERMUTATIONS.length] ?? []
      return words.map((word, i) => ({ word: 16 * block + word, constant: PI[words[i ^ 1] ?? 0] ?? 0 }))
    }),
  }))
}

// Codes of WebAssembly.
const LOCAL_GET = 0x20
const LOCAL_SET = 0x21
const LOCAL_TEE = 0x22
const I32_CONST_0 = [0x41, 0]
const VECTOR = 0xfd
const END = 0x0b
const XOR = [VECTOR, 0x51]
const OR = [VECTOR, 0x50]
const ADD = [VECTOR, 0xae, 0x01]
const SHIFT_LEFT = [VECTOR, 0xab, 0x01]
const SHIFT_RIGHT = [VECTOR, 0xad, 0x01]
const V128 = 0x7b

/** An unsigned number in the variable length of WebAssembly. */
function unsigned(value: number): readonly number[] {
  const bytes: number[] = []
  let rest = value
  do {
    const more = rest > 0x7f
    bytes.push((rest & 0x7f) | (more ? 0x80 : 0))
    rest >>>= 7
  } while (rest > 0)
  return bytes
}

const load = (at: number): readonly number[] => [...I32_CONST_0, VECTOR, 0x00, 4, ...unsigned(at)]
const get = (local: number): readonly number[] => [LOCAL_GET, local]
const set = (local: number): readonly number[] => [LOCAL_SET, local]
/** A vector with one word in all lanes. */
const constant = (word: number): readonly number[] => {
  const bytes = [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24]
  return [VECTOR, 0x0c, ...bytes, ...bytes, ...bytes, ...bytes]
}

/** Rotates the vector on the stack to the right; whole bytes by shuffling, which is one instruction. */
function rotateRight(bits: 16 | 12 | 8 | 7, scratch: number): readonly number[] {
  if (bits === 16 || bits === 8) {
    const bytes = Array.from({ length: 16 }, (_, i) => (i & ~3) | ((i + bits / 8) & 3))
    return [LOCAL_TEE, scratch, ...get(scratch), VECTOR, 0x0d, ...bytes]
  }
  return [
    ...[LOCAL_TEE, scratch, 0x41, bits, ...SHIFT_RIGHT],
    // Shifts by more than 63 would need a second byte here.
    ...[...get(scratch), 0x41, 32 - bits, ...SHIFT_LEFT, ...OR],
  ]
}

/** Locals 0 to 15 are the state, 16 to 23 what the block before left, 24 is for rotating. */
const CHAIN = 16
const SCRATCH = 24
const LOCALS = 25

function added({ word, constant: key }: Added): readonly number[] {
  const words = load(word * VECTOR_BYTES)
  return key === null ? words : [...words, ...constant(key), ...XOR]
}

function quarter([a, b, c, d]: (typeof QUARTERS)[number], x: Added, y: Added): readonly number[] {
  const half = (word: Added, first: 16 | 8, second: 12 | 7): readonly number[] => [
    ...[...get(a), ...get(b), ...ADD, ...added(word), ...ADD, ...set(a)],
    ...[...get(d), ...get(a), ...XOR, ...rotateRight(first, SCRATCH), ...set(d)],
    ...[...get(c), ...get(d), ...ADD, ...set(c)],
    ...[...get(b), ...get(c), ...XOR, ...rotateRight(second, SCRATCH), ...set(b)],
  ]
  return [...half(x, 16, 12), ...half(y, 8, 7)]
}

/** `isFedForward`: BLAKE-256 mixes what the block before left into what this one leaves; BLAKE3 does not. */
function compression({ lower, rounds }: Block, isFedForward: boolean): readonly number[] {
  const nothing: Added = { word: 0, constant: null }
  return [
    ...Array.from({ length: 8 }, (_, i) => [...get(CHAIN + i), ...set(i)]).flat(),
    ...lower.flatMap((word, i) => [...constant(word), ...set(8 + i)]),
    ...rounds.flatMap((words) =>
      QUARTERS.flatMap((rows, q) => quarter(rows, words[2 * q] ?? nothing, words[2 * q + 1] ?? nothing)),
    ),
    ...Array.from({ length: 8 }, (_, i) => [
      ...[...get(i), ...get(8 + i), ...XOR],
      ...(isFedForward ? [...get(CHAIN + i), ...XOR] : []),
      ...set(CHAIN + i),
    ]).flat(),
  ]
}

/** Stores what the last block left. */
const storedAt = (at: number): readonly number[] =>
  Array.from({ length: 8 }, (_, i) => [
    ...[...I32_CONST_0, ...get(CHAIN + i)],
    ...[VECTOR, 0x0b, 4, ...unsigned(at + i * VECTOR_BYTES)],
  ]).flat()

/** The module: its memory, and the functions `begin` and `end`. */
function moduleOf(blocks: readonly Block[], isFedForward: boolean): Uint8Array<ArrayBuffer> {
  const compressed = (some: readonly Block[]): readonly number[] =>
    some.flatMap((block) => compression(block, isFedForward))
  const begin = [
    ...START.flatMap((word, i) => [...constant(word), ...set(CHAIN + i)]),
    ...compressed(blocks.slice(0, -1)),
    ...storedAt(CHAINS_AT),
  ]
  const end = [
    ...Array.from({ length: 8 }, (_, i) => [...load(CHAINS_AT + i * VECTOR_BYTES), ...set(CHAIN + i)]).flat(),
    ...compressed(blocks.slice(-1)),
    ...storedAt(HASHES_AT),
  ]
  const functionOf = (code: readonly number[]): readonly number[] => {
    const body = [1, LOCALS, V128, ...code, END]
    return [...unsigned(body.length), ...body]
  }
  const section = (id: number, content: readonly number[]): readonly number[] => [
    id,
    ...unsigned(content.length),
    ...content,
  ]
  const name = (text: string): readonly number[] => [text.length, ...new TextEncoder().encode(text)]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [2, 0, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [3, ...name('begin'), 0, 0, ...name('end'), 0, 1, ...name('memory'), 2, 0]),
    ...section(10, [2, ...functionOf(begin), ...functionOf(end)]),
  ])
}

/** Makes the lanes of a proof of work. They have one owner. */
export function hashLanes(algorithm: PowAlgorithm): HashLanes {
  const isBlake3 = algorithm === 'blake3'
  const module = new WebAssembly.Module(
    isBlake3 ? moduleOf(blake3Blocks(), false) : moduleOf(blake256Blocks(), true),
  )
  const { begin, end, memory } = new WebAssembly.Instance(module).exports
  if (typeof begin !== 'function' || typeof end !== 'function' || !(memory instanceof WebAssembly.Memory))
    throw new Error('the lanes were not built')
  const words = new Uint32Array(memory.buffer, 0, MESSAGE_WORDS * LANES)
  if (!isBlake3)
    for (let lane = 0; lane < LANES; lane++) {
      // A one bit after the message, another before its length of 1,440 bits.
      words[LANES * 45 + lane] = 0x8000_0001
      words[LANES * 47 + lane] = 1440
    }
  return {
    words,
    chains: new Uint32Array(memory.buffer, CHAINS_AT, CHAIN_WORDS * LANES),
    hashes: new Uint32Array(memory.buffer, HASHES_AT, 8 * LANES),
    begin: () => {
      begin()
    },
    end: () => {
      end()
    },
  }
}
