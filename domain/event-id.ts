import { sha1 } from '@noble/hashes/legacy.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

/** Namespace of Lodebook's event ids: UUIDv5 of `lodebook` in the URL namespace of RFC 9562. */
const NAMESPACE = hexToBytes('654923ef56785aa0b1c74553dd7fda7e')

/**
 * Id of an event: UUIDv5 (RFC 9562) of `<stream>@<revision>`, its type and its canonical data, a line each. The same event tried
 * again has the same id, which makes an append whose outcome is unknown safe to repeat; another event at the same place
 * has another, so a store that compares ids alone can't take one for the other.
 */
export function eventId(stream: string, revision: number, type: string, data: string): string {
  const name = utf8ToBytes(`${stream}@${revision}\n${type}\n${data}`)
  const digest = sha1(concatBytes(NAMESPACE, name)).slice(0, 16)
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = bytesToHex(digest)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
