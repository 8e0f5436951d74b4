import { TIME_MS_MAX } from '../../domain/events.ts'
import type { ColumnBuffers } from './column-buffers.ts'
import { SHARES_MAX, type ShareColumns } from './share-columns.ts'

/** A `SharesAccepted` entry, read. */
export interface SharesEntry {
  readonly stream: string
  readonly revision: number
  readonly at: number
  readonly columns: ShareColumns
}

/**
 * Reads a `SharesAccepted` of version 1 straight from its bytes into columns: nearly all bytes of a ledger are such entries, and
 * parsing them as JSON takes longer than hashing the shares. Takes only what is canonical to the byte, and answers undefined to
 * everything else, which is then read the general way; a test holds the two against each other.
 */
export function readSharesEntry(bytes: Uint8Array, buffers: ColumnBuffers): SharesEntry | undefined {
  const reader = new CanonicalReader(bytes, buffers)
  reader.literal(BEGIN)
  const at = reader.integer()
  reader.literal(DATA_AT)
  if (reader.integer() !== at || at > TIME_MS_MAX) return undefined
  reader.literal(CONNECTION)
  const connection = reader.words()
  reader.literal(DIFFICULTY)
  const difficulty = reader.numbers()
  reader.literal(ELAPSED)
  const elapsed = reader.words()
  reader.literal(EXTRANONCE2)
  const [extranonce2, extranonceStart] = reader.hexes()
  reader.literal(JOB)
  const job = reader.words()
  reader.literal(NONCE)
  const nonce = reader.words()
  reader.literal(NTIME)
  const ntime = reader.words()
  reader.literal(SOLVED)
  const solved = reader.solved()
  reader.literal(WORKER)
  const worker = reader.words()
  reader.literal(REVISION)
  const revision = reader.integer()
  reader.literal(STREAM)
  const stream = reader.name()
  reader.literal(END)
  const count = difficulty.length
  const isWhole =
    reader.isAtEnd() &&
    [connection, elapsed, job, nonce, ntime, worker].every((column) => column.length === count) &&
    extranonceStart.length === count + 1 &&
    !difficulty.includes(0)
  if (!isWhole) return undefined
  const columns = {
    count,
    connection,
    worker,
    job,
    difficulty,
    elapsed,
    ntime,
    nonce,
    extranonce2,
    extranonceStart,
    solved,
  }
  return { stream, revision, at, columns }
}

const literal = (text: string): Uint8Array => new TextEncoder().encode(text)

const BEGIN = literal('{"at":')
const DATA_AT = literal(',"data":{"at":')
const CONNECTION = literal(',"connection":')
const DIFFICULTY = literal(',"difficulty":')
const ELAPSED = literal(',"elapsed":')
const EXTRANONCE2 = literal(',"extranonce2":')
const JOB = literal(',"job":')
const NONCE = literal(',"nonce":')
const NTIME = literal(',"ntime":')
const SOLVED = literal(',"solved":[')
const WORKER = literal('],"v":1,"worker":')
const REVISION = literal('},"revision":')
const STREAM = literal(',"stream":"')
const END = literal('","type":"SharesAccepted","v":1}')
const HASH = literal('{"hash":"')
const SHARE = literal('","share":')

const COMMA = 0x2c
const OPEN = 0x5b
const CLOSE = 0x5d
const QUOTE = 0x22
const ZERO = 0x30
/** Digits of 2^53 - 1. */
const DIGITS_MAX = 16
/** Digits that 31 bits hold, whichever they are. */
const DIGITS_SMALL = 9

// Scratch of the one entry that is read at a time.
const numbers = new Float64Array(SHARES_MAX * 16)
const words = new Uint32Array(SHARES_MAX * 16)
const starts = new Uint32Array(SHARES_MAX * 16)
const hexBytes = new Uint8Array(65_536)

/** Value of a hex digit by its character code, lower case alone; 255 for everything else. */
const HEX_VALUES = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : 255
})

/** Reads canonical JSON from bytes, forwards only. Once something is not as expected, everything after it is nothing. */
class CanonicalReader {
  readonly #bytes: Uint8Array
  readonly #buffers: ColumnBuffers
  #at = 0
  #isRight = true

  constructor(bytes: Uint8Array, buffers: ColumnBuffers) {
    this.#bytes = bytes
    this.#buffers = buffers
  }

  isAtEnd(): boolean {
    return this.#isRight && this.#at === this.#bytes.length
  }

  literal(wanted: Uint8Array): void {
    const bytes = this.#bytes
    let at = this.#at
    for (let i = 0; i < wanted.length; i++)
      if (bytes[at++] !== wanted[i]) {
        this.#fail()
        return
      }
    this.#at = at
  }

  #fail(): void {
    this.#isRight = false
    this.#at = this.#bytes.length
  }

  /** A non-negative integer as JSON prints it. */
  integer(): number {
    const bytes = this.#bytes
    const begin = this.#at
    let at = begin
    let value = 0
    for (;;) {
      const digit = (bytes[at] ?? 0) - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      at++
    }
    const digits = at - begin
    if (
      digits === 0 ||
      digits > DIGITS_MAX ||
      (digits > 1 && bytes[begin] === ZERO) ||
      value > Number.MAX_SAFE_INTEGER
    )
      this.#fail()
    else this.#at = at
    return value
  }

  /** A column of integers within 2^53. */
  numbers(): Float64Array {
    const column = this.#buffers.doubles(this.#readNumbers())
    column.set(numbers.subarray(0, column.length))
    return column
  }

  /** A column of integers below 2^32. */
  words(): Uint32Array {
    const column = this.#buffers.words(this.#readWords())
    column.set(words.subarray(0, column.length))
    return column
  }

  /** Reads a column into the scratch, and answers how many words it has: nearly all of them fit 31 bits, and are read so. */
  #readWords(): number {
    const bytes = this.#bytes
    let at = this.#at
    let count = 0
    if (bytes[at++] !== OPEN) return this.#nothing()
    if (bytes[at] === CLOSE) {
      this.#at = at + 1
      return 0
    }
    for (;;) {
      let value = (bytes[at] ?? 0) - ZERO
      let digit = (bytes[++at] ?? 0) - ZERO
      if (value < 0 || value > 9 || (value === 0 && digit >= 0 && digit <= 9)) return this.#nothing()
      let left = DIGITS_SMALL - 1
      while (digit >= 0 && digit <= 9 && left > 0) {
        value = (Math.imul(value, 10) + digit) | 0
        digit = (bytes[++at] ?? 0) - ZERO
        left--
      }
      if (digit >= 0 && digit <= 9) {
        const wide = value * 10 + digit
        if (wide > 0xffff_ffff) return this.#nothing()
        words[count++] = wide
        at++
      } else words[count++] = value
      const next = bytes[at++]
      if (next === CLOSE) break
      if (next !== COMMA || count === words.length) return this.#nothing()
    }
    this.#at = at
    return count
  }

  /** The same of numbers. */
  #readNumbers(): number {
    const bytes = this.#bytes
    let at = this.#at
    let count = 0
    if (bytes[at++] !== OPEN) return this.#nothing()
    if (bytes[at] === CLOSE) {
      this.#at = at + 1
      return 0
    }
    for (;;) {
      const begin = at
      let value = 0
      let digit = (bytes[at] ?? 0) - ZERO
      while (digit >= 0 && digit <= 9) {
        value = value * 10 + digit
        digit = (bytes[++at] ?? 0) - ZERO
      }
      const digits = at - begin
      if (
        digits === 0 ||
        digits > DIGITS_MAX ||
        value > Number.MAX_SAFE_INTEGER ||
        (digits > 1 && bytes[begin] === ZERO)
      )
        return this.#nothing()
      numbers[count++] = value
      const next = bytes[at++]
      if (next === CLOSE) break
      if (next !== COMMA || count === numbers.length) return this.#nothing()
    }
    this.#at = at
    return count
  }

  #nothing(): number {
    this.#fail()
    return 0
  }

  /** Strings of hex, packed, and where each begins. */
  hexes(): readonly [Uint8Array, Uint32Array] {
    const bytes = this.#bytes
    let at = this.#at
    let count = 0
    let filled = 0
    const nothing = (): readonly [Uint8Array, Uint32Array] => {
      this.#fail()
      return [new Uint8Array(0), new Uint32Array(1)]
    }
    if (bytes[at++] !== OPEN) return nothing()
    starts[0] = 0
    if (bytes[at] === CLOSE) {
      this.#at = at + 1
      return [new Uint8Array(0), new Uint32Array(1)]
    }
    for (;;) {
      if (bytes[at++] !== QUOTE) return nothing()
      for (;;) {
        const code = bytes[at++] ?? 0
        if (code === QUOTE) break
        const high = HEX_VALUES[code] ?? 255
        const low = HEX_VALUES[bytes[at++] ?? 0] ?? 255
        if (high > 15 || low > 15) return nothing()
        hexBytes[filled++] = (high << 4) | low
      }
      starts[++count] = filled
      const next = bytes[at++]
      if (next === CLOSE) break
      if (next !== COMMA || count + 1 === starts.length) return nothing()
    }
    this.#at = at
    const packed = this.#buffers.bytes(filled)
    packed.set(hexBytes.subarray(0, filled))
    const begins = this.#buffers.words(count + 1)
    begins.set(starts.subarray(0, count + 1))
    return [packed, begins]
  }

  /** The blocks that were offered, up to the bracket that ends them. */
  solved(): ShareColumns['solved'] {
    const solved: { share: number; hash: string }[] = []
    while (this.#isRight && this.#bytes[this.#at] !== CLOSE) {
      if (solved.length > 0) this.#comma()
      this.literal(HASH)
      const hash = this.#text(64)
      if (!/^[0-9a-f]{64}$/.test(hash)) this.#fail()
      this.literal(SHARE)
      const share = this.integer()
      if (this.#bytes[this.#at++] !== 0x7d) this.#fail()
      solved.push({ hash, share })
    }
    return solved
  }

  #comma(): void {
    if (this.#bytes[this.#at++] !== COMMA) this.#fail()
  }

  #text(length: number): string {
    const text = String.fromCharCode(...this.#bytes.subarray(this.#at, this.#at + length))
    this.#at += length
    return text
  }

  /** A name of plain characters, up to the quote that ends it. */
  name(): string {
    const begin = this.#at
    while (isPlain(this.#bytes[this.#at] ?? 0)) this.#at++
    const length = this.#at - begin
    if (length > 100) this.#fail()
    return String.fromCharCode(...this.#bytes.subarray(begin, begin + Math.min(length, 100)))
  }
}

/** Letters, digits, point and dash: what names of streams are made of. */
const isPlain = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a) || code === 0x2d || code === 0x2e
