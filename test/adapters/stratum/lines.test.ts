import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutLines } from '../../../adapters/stratum/lines.ts'

const LINE_BYTES_MAX = 64

/** Feeds packets as a connection does, until a fault. */
function feed(packets: readonly Buffer[], lineBytesMax = LINE_BYTES_MAX) {
  const lines: string[] = []
  let held: Buffer | undefined
  for (const packet of packets) {
    const cut = cutLines(held, packet, lineBytesMax)
    lines.push(...cut.lines)
    if (cut.fault !== undefined) return { lines, fault: cut.fault, held: undefined }
    held = cut.held
  }
  return { lines, fault: undefined, held }
}

/** Cuts bytes into packets at these places. */
function packetsOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const edges = [0, ...places, bytes.length]
  return edges.slice(1).map((to, i) => bytes.subarray(edges[i] ?? 0, to))
}

const text = fc.string({ unit: 'binary', maxLength: 12 }).map((s) => s.replace(/[\r\n]/g, 'x'))

describe('cutting packets into lines', () => {
  it('gives the same lines however the bytes are cut into packets', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, fc.constantFrom('\n', '\r\n'))),
        text,
        fc.array(fc.nat()),
        (whole, half, cuts) => {
          const bytes = Buffer.from(whole.map(([line, end]) => line + end).join('') + half)
          const { lines, fault, held } = feed(packetsOf(bytes, cuts))
          expect(fault).toBeUndefined()
          expect(lines).toEqual(whole.map(([line]) => line).filter((line) => line !== ''))
          expect((held ?? Buffer.alloc(0)).toString()).toBe(half)
        },
      ),
    )
  })

  it('finds a line that is too long as soon as the limit is passed, in whatever packets it comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.array(fc.nat()), (length, cuts) => {
        const { lines, fault } = feed(packetsOf(Buffer.from(`a\n${'x'.repeat(length)}\nb\n`), cuts))
        expect(fault).toBe(length > LINE_BYTES_MAX ? 'too-long' : undefined)
        const long = length === 0 ? [] : ['x'.repeat(length)]
        expect(lines).toEqual(length > LINE_BYTES_MAX ? ['a'] : ['a', ...long, 'b'])
      }),
    )
  })

  it('never holds more than a line', () => {
    let held: Buffer | undefined
    for (let sent = 0; sent <= LINE_BYTES_MAX; sent++) {
      const cut = cutLines(held, Buffer.from('x'), LINE_BYTES_MAX)
      held = cut.held
      expect(cut.fault).toBe(sent < LINE_BYTES_MAX ? undefined : 'too-long')
    }
    expect(cutLines(undefined, Buffer.alloc(1_000_000, 'x'), LINE_BYTES_MAX).fault).toBe('too-long')
  })

  it('measures a line in bytes, not in characters', () => {
    expect(feed([Buffer.from(`${'é'.repeat(LINE_BYTES_MAX / 2)}\n`)]).fault).toBeUndefined()
    expect(feed([Buffer.from(`${'é'.repeat(LINE_BYTES_MAX / 2)}x\n`)]).fault).toBe('too-long')
  })

  it('keeps what it holds in a buffer of its own', () => {
    const packet = Buffer.from(`{"id":1}\n{"id"`)
    const { held } = cutLines(undefined, packet, LINE_BYTES_MAX)
    expect(held?.toString()).toBe('{"id"')
    expect(held?.buffer.byteLength).toBe(5)
  })

  it.each([
    ['a byte that never occurs', [0x22, 0xff, 0x22, 10]],
    ['an overlong slash', [0xc0, 0xaf, 10]],
    ['a lone surrogate', [0xed, 0xa0, 0x80, 10]],
    ['a character cut off by the newline', [0xe2, 0x82, 10]],
  ])('refuses what is not UTF-8: %s', (_, bytes) => {
    expect(feed([Buffer.from(bytes)]).fault).toBe('not-utf8')
  })
})
