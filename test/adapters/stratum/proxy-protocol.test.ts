import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readProxyHeader } from '../../../adapters/stratum/proxy-protocol.ts'
import { proxyV2 } from './proxy-header.ts'

const read = (header: string | Buffer) =>
  readProxyHeader(typeof header === 'string' ? Buffer.from(header, 'latin1') : header)

const ipv6 = Buffer.from('20010db8000000000000000000000007', 'hex')

describe('PROXY protocol', () => {
  it.each([
    ['PROXY TCP4 203.0.113.7 192.0.2.1 51234 5550\r\n', '203.0.113.7'],
    ['PROXY TCP6 2001:DB8:0:0:0:0:0:7 2001:db8::1 51234 5550\r\n', '2001:db8::7'],
    ['PROXY UNKNOWN\r\n', undefined],
    ['PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n', undefined],
    [proxyV2({ source: [203, 0, 113, 7] }), '203.0.113.7'],
    [proxyV2({ source: [...ipv6] }), '2001:db8::7'],
    [proxyV2({ source: [203, 0, 113, 7], more: Buffer.from('04000400000000', 'hex') }), '203.0.113.7'],
    [proxyV2({ source: [], command: 0x20 }), undefined],
    [proxyV2({ source: [203, 0, 113, 7], command: 0x20 }), undefined],
    [proxyV2({ source: [], family: 0x00 }), undefined],
    [proxyV2({ source: [203, 0, 113, 7], family: 0x12 }), undefined],
    [proxyV2({ source: [], family: 0x31, more: Buffer.alloc(216) }), undefined],
  ])('reads %j, and what follows is the miner’s', (header, address) => {
    const bytes = Buffer.from(header as string, 'latin1')
    expect(read(Buffer.concat([bytes, Buffer.from('{"id":1}\n')]))).toEqual({
      kind: 'header',
      bytes: bytes.length,
      address,
    })
    for (let length = 0; length < bytes.length; length++)
      expect(read(bytes.subarray(0, length))).toEqual({ kind: 'incomplete' })
  })

  it.each([
    ['{"id":1,"method":"mining.subscribe"}\n'],
    ['proxy TCP4 203.0.113.7 192.0.2.1 51234 5550\r\n'],
    ['PROXY TCP4 203.0.113.256 192.0.2.1 51234 5550\r\n'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 51234 65536\r\n'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 051234 5550\r\n'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 51234\r\n'],
    ['PROXY TCP4 2001:db8::7 2001:db8::1 51234 5550\r\n'],
    ['PROXY TCP6 203.0.113.7 192.0.2.1 51234 5550\r\n'],
    ['PROXY TCP4  203.0.113.7 192.0.2.1 51234 5550\r\n'],
    ['PROXY UDP4 203.0.113.7 192.0.2.1 51234 5550\r\n'],
    [`PROXY UNKNOWN ${'x'.repeat(200)}`],
    [proxyV2({ source: [203, 0, 113, 7], command: 0x11 })],
    [proxyV2({ source: [203, 0, 113, 7], command: 0x22 })],
    [proxyV2({ source: [203, 0, 113, 7], family: 0x21 })],
    [proxyV2({ source: [203, 0, 113, 7], more: Buffer.alloc(60_000) })],
  ])('refuses %j', (header) => {
    expect(read(header)).toEqual({ kind: 'malformed' })
  })

  it('takes any address of version 2', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (source) => {
        expect(read(proxyV2({ source: [...source] }))).toMatchObject({ address: [...source].join('.') })
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.constantFrom('', 'PROXY ', '\r\n\r\n\0\r\nQUIT\n'), fc.uint8Array(), (start, rest) => {
        expect(read(Buffer.concat([Buffer.from(start, 'latin1'), rest])).kind).toBeTypeOf('string')
      }),
    )
  })
})
