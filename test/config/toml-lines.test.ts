import { describe, expect, test } from 'vitest'
import { tomlLines } from '../../src/config/toml-lines.ts'

describe('tomlLines', () => {
  test('finds keys in tables, dotted keys, inline tables and lists of tables', () => {
    const lines = tomlLines('a = 1\n\n# note\n[t]\nb.c = 2\nd = { e = 3 }\n[[l]]\n[[l]]\nf = 4\n')
    expect(Object.fromEntries(lines)).toEqual({
      a: 1,
      t: 4,
      't.b': 5,
      't.b.c': 5,
      't.d': 6,
      't.d.e': 6,
      l: 7,
      'l.0': 7,
      'l.1': 8,
      'l.1.f': 9,
    })
  })

  test('a value over several lines is at its first', () => {
    const lines = tomlLines('a = """\nb = 5\n"""\nc = [\n  1,\n  { d = 2 },\n]\r\ne = 3\r\n')
    expect(Object.fromEntries(lines)).toMatchObject({ a: 1, c: 4, 'c.1.d': 4, e: 8 })
    expect(lines.has('b')).toBe(false)
  })
})
