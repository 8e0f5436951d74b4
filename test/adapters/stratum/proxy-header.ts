/** A header of the PROXY protocol, version 2, from parts that may be wrong on purpose. */
export function proxyV2({
  source,
  command = 0x21,
  family = source.length === 16 ? 0x21 : 0x11,
  more = Buffer.alloc(0),
}: {
  /** 4 bytes or 16; the destination is the same address. */
  readonly source: readonly number[]
  readonly command?: number
  readonly family?: number
  /** What comes after the addresses. */
  readonly more?: Buffer
}): Buffer {
  const ports = Buffer.from([0xc8, 0x22, 0x15, 0xae])
  const addresses = source.length === 0 ? Buffer.alloc(0) : Buffer.from([...source, ...source, ...ports])
  const fixed = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1')
  fixed.writeUInt8(command, 12)
  fixed.writeUInt8(family, 13)
  fixed.writeUInt16BE(addresses.length + more.length, 14)
  return Buffer.concat([fixed, addresses, more])
}
