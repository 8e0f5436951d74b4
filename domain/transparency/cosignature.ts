import { ed25519 } from '@noble/curves/ed25519.js'

/** What a witness says of a checkpoint: that at this time it was the largest it had seen of this log. C2SP tlog-cosignature, v1. */
export interface Cosignature {
  /** Unix seconds. */
  readonly time: number
  /** 64 bytes: Ed25519 over `cosignatureMessage`. */
  readonly signature: Uint8Array
}

/** The bytes that a witness signs: time and text of the checkpoint, signatures left out. */
export const cosignatureMessage = (time: number, checkpointText: string): Uint8Array =>
  new TextEncoder().encode(`cosignature/v1\ntime ${time}\n${checkpointText}`)

const TIME_BYTES = 8
const SIGNATURE_BYTES = 64

/** Writes a cosignature as it stands in a note, after the key's id: time as a big-endian uint64, then the signature. */
export function encodeCosignature({ time, signature }: Cosignature): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES + SIGNATURE_BYTES)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time))
  bytes.set(signature, TIME_BYTES)
  return bytes
}

/** Reads a cosignature; undefined when it is too short or too long, or of a time that no clock shows. */
export function decodeCosignature(bytes: Uint8Array): Cosignature | undefined {
  if (bytes.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined
  const time = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
  return Number.isSafeInteger(time) ? { time, signature: bytes.subarray(TIME_BYTES) } : undefined
}

/** Says whether a cosignature is that of a public key for the text of a checkpoint. */
export const isCosignature = (
  { time, signature }: Cosignature,
  checkpointText: string,
  publicKey: Uint8Array,
): boolean =>
  ed25519.verify(signature, cosignatureMessage(time, checkpointText), publicKey, { zip215: false })
