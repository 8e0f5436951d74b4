import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cell, toCsv } from '../../../adapters/csv.ts'

const columns = [
  { name: 'a', cell: (row: readonly Cell[]) => row[0] ?? null },
  { name: 'b', cell: (row: readonly Cell[]) => row[1] ?? null },
]

/** Reads RFC 4180 text, the simplest way. */
function parse(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let field = ''
  for (let i = 0; i < text.length; ) {
    if (text[i] === '"') {
      const end = text.slice(i + 1).search(/"(?!")/)
      let j = i + 1
      field = ''
      for (;;) {
        if (text[j] === '"' && text[j + 1] === '"') {
          field += '"'
          j += 2
        } else if (text[j] === '"') break
        else field += text[j++]
      }
      expect(end).toBeGreaterThanOrEqual(-1)
      i = j + 1
    } else if (text[i] === ',') {
      row.push(field)
      field = ''
      i += 1
    } else if (text.startsWith('\r\n', i)) {
      rows.push([...row, field])
      row = []
      field = ''
      i += 2
    } else field += text[i++]
  }
  return rows
}

describe('CSV', () => {
  test('has a heading and CRLF', () => {
    expect(
      toCsv(columns, [
        [1, null],
        ['x', true],
      ]),
    ).toBe('a,b\r\n1,\r\nx,true\r\n')
  })

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '\nx'])('takes the sting out of %j', (formula) => {
    expect(parse(toCsv(columns, [[formula, 1]]))[1]?.[0]).toBe(`'${formula}`)
  })

  test('leaves numbers alone, negative ones too', () => {
    expect(toCsv(columns, [[-5, '']])).toBe('a,b\r\n-5,\r\n')
  })

  test('gives back any text, and never a formula', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '=', '-', '"', ',', '\r', '\n', ' ', "'") })
    fc.assert(
      fc.property(cell, cell, (a, b) => {
        const [, row = []] = parse(toCsv(columns, [[a, b]]))
        expect(row.map((text) => (/^'[=+\-@\t\r\n]/.test(text) ? text.slice(1) : text))).toEqual(
          [a, b].map((text) => (/^'[=+\-@\t\r\n]/.test(text) ? text.slice(1) : text)),
        )
        for (const text of row) expect(text).not.toMatch(/^[=+\-@\t\r\n]/)
      }),
    )
  })
})
