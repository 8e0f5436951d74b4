import { sha1 } from '@noble/hashes/legacy.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

/** Namespace of Lodebook's event ids: UUIDv5 of `lodebook` in the URL namespace of RFC 9562. */
const NAMESPACE = hexToBytes('654923ef56785aa0b1c74553dd7fda7e')

/**
 * Id of the event at a revision of a stream: UUIDv5 (RFC 9562) of `<stream>@<revision>`. The same event tried again has the
 * same id, which is what makes an append whose outcome is unknown safe to repeat.
 */
export function eventId(stream: string, revision: number): string {
  const digest = sha1(concatBytes(NAMESPACE, utf8ToBytes(`${stream}@${revision}`))).slice(0, 16)
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = bytesToHex(digest)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
