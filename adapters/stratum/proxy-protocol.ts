import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/**
 * What the first bytes of a connection say, by the PROXY protocol, versions 1 and 2 (haproxy's `proxy-protocol.txt`).
 * `bytes` of a header is its length; what follows it is the miner's. `address` is the miner's own, in canonical text;
 * undefined when the proxy speaks for itself (LOCAL) or does not know (UNKNOWN, or a family other than TCP over IP).
 */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'header'; readonly bytes: number; readonly address: string | undefined }

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' }
const MALFORMED: ProxyHeader = { kind: 'malformed' }

const V1_START = Buffer.from('PROXY ', 'latin1')
/** With its newline, by the specification. */
const V1_BYTES_MAX = 107
const V1_TCP = /^PROXY (TCP4|TCP6) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/

const V2_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V2_FIXED_BYTES = 16
/** Version 2 may say 65,535; what proxies add (a TLS name, an endpoint id, a checksum) fits in far less. */
const V2_BYTES_MAX = 4096

/** Reads the header from the bytes received so far. */
export function readProxyHeader(received: Buffer): ProxyHeader {
  if (startsAlike(received, V1_START)) return readVersion1(received)
  if (startsAlike(received, V2_START)) return readVersion2(received)
  return MALFORMED
}

/** Whether these bytes begin as the signature does, as far as they go. */
function startsAlike(received: Buffer, signature: Buffer): boolean {
  const length = Math.min(received.length, signature.length)
  return received.compare(signature, 0, length, 0, length) === 0
}

function readVersion1(received: Buffer): ProxyHeader {
  const end = received.subarray(0, V1_BYTES_MAX).indexOf('\r\n')
  if (end === -1) return received.length < V1_BYTES_MAX ? INCOMPLETE : MALFORMED
  const line = received.toString('latin1', 0, end)
  const bytes = end + 2
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN '))
    return { kind: 'header', bytes, address: undefined }
  const [, family, source = '', destination = '', sourcePort, destinationPort] = V1_TCP.exec(line) ?? []
  if (family === undefined || Number(sourcePort) > 65_535 || Number(destinationPort) > 65_535)
    return MALFORMED
  const valid = family === 'TCP4' ? isIPv4 : isIPv6
  if (!valid(source) || !valid(destination)) return MALFORMED
  return { kind: 'header', bytes, address: family === 'TCP4' ? source : canonicalIPv6(source) }
}

function readVersion2(received: Buffer): ProxyHeader {
  if (received.length < V2_FIXED_BYTES) return INCOMPLETE
  const command = received.readUInt8(12)
  const family = received.readUInt8(13)
  const bytes = V2_FIXED_BYTES + received.readUInt16BE(14)
  const local = command === 0x20
  if ((!local && command !== 0x21) || bytes > V2_BYTES_MAX) return MALFORMED
  const addresses = local ? 0 : family === 0x11 ? 12 : family === 0x21 ? 36 : 0
  if (bytes < V2_FIXED_BYTES + addresses) return MALFORMED
  if (received.length < bytes) return INCOMPLETE
  if (addresses === 0) return { kind: 'header', bytes, address: undefined }
  const source = received.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + (addresses === 12 ? 4 : 16))
  return { kind: 'header', bytes, address: addresses === 12 ? source.join('.') : ipv6Text(source) }
}

function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  return canonicalIPv6(groups.join(':'))
}

const canonicalIPv6 = (address: string): string => new SocketAddress({ address, family: 'ipv6' }).address
