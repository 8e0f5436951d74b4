import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventId } from '../../domain/event-id.ts'

/** UUIDv5 by RFC 9562, section 5.5, with the platform's SHA-1: namespace and result as text. */
function uuidV5(namespace: string, name: string): string {
  const digest = createHash('sha1').update(namespace.replaceAll('-', ''), 'hex').update(name, 'utf8').digest()
  const bytes = BigInt(`0x${digest.subarray(0, 16).toString('hex')}`)
  const versioned = (bytes & ~(0xfn << 76n)) | (0x5n << 76n)
  const varied = (versioned & ~(0x3n << 62n)) | (0x2n << 62n)
  return varied
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const URL_NAMESPACE = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'

test('the yardstick gives the example of RFC 9562, appendix A.4', () => {
  expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
    '2ed6657d-e927-568b-95e1-2665a8aea6a2',
  )
})

test('is the UUIDv5 of place and content in the namespace of Lodebook', () => {
  const namespace = uuidV5(URL_NAMESPACE, 'lodebook')
  const text = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(text, fc.nat(), text, text, (stream, revision, type, data) => {
      expect(eventId(stream, revision, type, data)).toBe(
        uuidV5(namespace, `${stream}@${revision}\n${type}\n${data}`),
      )
    }),
  )
})

test('never changes: logs that were written hold it', () => {
  expect(eventId('pool', 0, 'PoolOpened', '{"v":1}')).toBe('47ea3e64-c563-5ed0-bd9c-e382433d0278')
})
