import { uint16At, uint32At } from './bytes.ts'

/** Why bytes are not what they were said to be; the sentence says what and where. */
export interface DecodeError {
  readonly kind: /** The bytes end before the thing does, or a count promises more than they can hold. */
    | 'truncated'
    /** Bytes are left over. */
    | 'too-long'
    /** A count is written with more bytes than it needs: the same thing would have two encodings, and two hashes. */
    | 'not-canonical'
    /** A transaction without its signatures, or with nothing else, or whose two halves disagree. */
    | 'not-a-full-transaction'
  readonly message: string
}

/**
 * Reads one untrusted message from its start. The first thing that does not fit sets `error`, and from then on every read
 * answers zeros and every count 0, so that a decoder reads on without a branch and looks at `error` once, at its end.
 */
export class Reader {
  #bytes: Uint8Array
  #offset = 0
  #error: DecodeError | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get error(): DecodeError | undefined {
    return this.#error
  }

  /** Refuses the message; only the first refusal counts. */
  refuse(kind: DecodeError['kind'], message: string): void {
    this.#error ??= { kind, message: `${message} (at byte ${this.#offset} of ${this.#bytes.length})` }
  }

  uint8(): number {
    const at = this.#take(1, 'a byte')
    return at === undefined ? 0 : (this.#bytes[at] ?? 0)
  }

  uint16(): number {
    const at = this.#take(2, 'a uint16')
    return at === undefined ? 0 : uint16At(this.#bytes, at)
  }

  uint32(): number {
    const at = this.#take(4, 'a uint32')
    return at === undefined ? 0 : uint32At(this.#bytes, at)
  }

  int64(): bigint {
    const low = this.uint32()
    const high = this.uint32()
    return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
  }

  /** A copy of the next `length` bytes; empty when there are fewer. */
  bytes(length: number, what: string): Uint8Array {
    const at = this.#take(length, what)
    return at === undefined ? new Uint8Array(0) : this.#bytes.slice(at, at + length)
  }

  /**
   * A count of things that take at least `itemBytes` each. More than the rest of the message can hold is refused here, so
   * that nobody allocates or loops by a number that was merely claimed.
   */
  count(what: string, itemBytes: number): number {
    const count = this.#varint(what)
    const room = Math.floor((this.#bytes.length - this.#offset) / itemBytes)
    if (count > room)
      this.refuse('truncated', `${count} ${what} are said to follow, there is room for ${room}`)
    return this.#error === undefined ? count : 0
  }

  /** Refuses the message unless all of it was read. */
  end(): void {
    const rest = this.#bytes.length - this.#offset
    if (rest > 0) this.refuse('too-long', `bytes are left over: ${rest}`)
  }

  /** One byte, or a mark and 2, 4 or 8 bytes. */
  #varint(what: string): number {
    const first = this.uint8()
    if (first < 0xfd) return first
    if (first === 0xfd) return this.#canonical(what, this.uint16(), 0xfd)
    if (first === 0xfe) return this.#canonical(what, this.uint32(), 0x1_0000)
    const low = this.uint32()
    // Beyond 2^53 the number is inexact, but nothing that size fits in a message.
    return this.#canonical(what, this.uint32() * 0x1_0000_0000 + low, 0x1_0000_0000)
  }

  #canonical(what: string, count: number, min: number): number {
    if (count < min) this.refuse('not-canonical', `the number of ${what} takes more bytes than it needs`)
    return count
  }

  /** Offset of the next `length` bytes, which are now read; undefined when the message is refused. */
  #take(length: number, what: string): number | undefined {
    if (this.#error === undefined && length > this.#bytes.length - this.#offset)
      this.refuse('truncated', `the bytes end before ${what} does`)
    if (this.#error !== undefined) return undefined
    const at = this.#offset
    this.#offset += length
    return at
  }
}
