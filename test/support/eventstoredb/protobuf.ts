/**
 * The few pieces of protobuf's wire format that the hot messages are written with by hand: google-protobuf builds
 * an object tree for each. `conformance-server.test.ts` holds the bytes against the generated stubs.
 */

/** Bytes that a varint takes. Exact up to 2^53. */
export function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** Writes a varint and returns the offset after it. Exact up to 2^53. */
export function writeVarint(target: Buffer, offset: number, value: number): number {
  let at = offset
  let rest = value
  while (rest > 0x7fffffff) {
    target[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}

/** A varint at `offset`. */
export function readVarint(source: Uint8Array, offset: number): number {
  let value = 0
  let scale = 1
  for (let at = offset; ; at++) {
    const byte = source[at]
    if (byte === undefined) throw new RangeError('a varint runs over the end of its message')
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
    scale *= 0x80
  }
}

/** The offset after the varint at `offset`. */
export function skipVarint(source: Uint8Array, offset: number): number {
  let at = offset
  while ((source[at] ?? 0) >= 0x80) at++
  return at + 1
}

/**
 * Calls `visit` with each field of the message between two offsets, in order: its number, and where its varint, or its bytes
 * without their length, begin and end.
 */
export function eachField(
  source: Uint8Array,
  start: number,
  end: number,
  visit: (field: number, from: number, to: number) => void,
): void {
  let at = start
  while (at < end) {
    const tag = readVarint(source, at)
    const from = skipVarint(source, at)
    const after = skipVarint(source, from)
    const isBytes = (tag & 7) === BYTES
    at = isBytes ? after + readVarint(source, from) : after
    if (at > end) throw new RangeError('a field runs over the end of its message')
    visit(tag >>> 3, isBytes ? after : from, at)
  }
}

/** Wire type of bytes, text and messages. The other in use is 0, a varint. */
const BYTES = 2

/** Tag byte of a field that holds a varint. Field numbers under 16. */
export const varintTag = (field: number): number => field << 3

/** Tag byte of a field that holds bytes, text or a message. Field numbers under 16. */
export const bytesTag = (field: number): number => (field << 3) | 2

/** A field of bytes, text or a message. */
export function bytesField(field: number, value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  const head = Buffer.allocUnsafe(1 + varintSize(bytes.length))
  head[0] = bytesTag(field)
  writeVarint(head, 1, bytes.length)
  return Buffer.concat([head, bytes])
}

/** A varint field. */
export function varintField(field: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(1 + varintSize(value))
  bytes[0] = varintTag(field)
  writeVarint(bytes, 1, value)
  return bytes
}

/** A gRPC message on the wire: not compressed, length, protobuf bytes. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(GRPC_PREFIX_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, GRPC_PREFIX_BYTES)
  return frame
}

/** Flag byte and 32 bit length before each gRPC message. */
export const GRPC_PREFIX_BYTES = 5
