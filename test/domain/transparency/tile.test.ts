import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import {
  bundlePath,
  decodeBundle,
  ENTRY_BYTES_MAX,
  encodeBundle,
  parseLedgerPath,
  TILE_LEVEL_MAX,
  tilePath,
  widthIn,
} from '../../../domain/transparency/tile.ts'
import { tilesOf } from './tiles-of.ts'
import { transparencyVectors } from './vectors.ts'

const { published, derivedMore, derivedPaths, goTilePathAccept, goTilePathReject } =
  transparencyVectors.tlog_tiles_layout

describe('published vectors', () => {
  test.each([
    ['70000', published.treeSize70000],
    ['256', published.treeSize256],
    ...Object.entries(derivedMore),
  ])('the tiles of a tree of %s leaves', (size, levels) => {
    const widthOf = (level: number, index: number): number => widthIn(Number(size), level, index)
    for (const { level, fullTiles, partialWidth } of levels) {
      if (fullTiles > 0) expect(widthOf(level, fullTiles - 1)).toBe(256)
      expect([widthOf(level, fullTiles), widthOf(level, fullTiles + 1)]).toEqual([partialWidth, 0])
    }
    expect(widthOf(levels.length, 0)).toBe(0)
  })

  test.each([['1234067', published.index1234067], ...Object.entries(derivedPaths)])(
    'index %s is %s in a path',
    (index, path) => {
      expect(tilePath(3, Number(index), 256)).toBe(`tile/3/${path}`)
      expect(bundlePath(Number(index), 7)).toBe(`tile/entries/${path}.p/7`)
    },
  )

  // Go's paths begin with the height of tiles, which is always 8 here.
  test.each(goTilePathAccept)('%s, without the height', (path) => {
    expect(parseLedgerPath(path.replace(/^tile\/\d+/, 'tile'))).toMatchObject({ kind: 'tile' })
  })
  test.each(goTilePathReject)('not %s', (path) => {
    expect(parseLedgerPath(path.replace(/^tile\/\d+/, 'tile'))).toBeUndefined()
  })
})

describe('paths', () => {
  const index = fc.nat({ max: 2 ** 45 })
  const width = fc.integer({ min: 1, max: 256 })

  test('are read as they are written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: TILE_LEVEL_MAX }), index, width, (level, i, w) => {
        expect(parseLedgerPath(tilePath(level, i, w))).toEqual({ kind: 'tile', level, index: i, width: w })
        expect(parseLedgerPath(bundlePath(i, w))).toEqual({ kind: 'bundle', index: i, width: w })
      }),
    )
    expect(parseLedgerPath('checkpoint')).toEqual({ kind: 'checkpoint' })
  })

  test.each([
    '',
    'tile',
    'tile/0/',
    'tile/00/000',
    'tile/7/000',
    'tile/-1/000',
    'tile/0/00',
    'tile/0/0000',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/x001/x002',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/entries/../000',
    'tile/entries/000.P/1',
    '/tile/0/000',
    'tile/0/000/',
    'checkpoint/',
    `tile/0/${'x999/'.repeat(6)}999`,
  ])('not "%s"', (path) => {
    expect(parseLedgerPath(path)).toBeUndefined()
  })

  test('the width of each tile agrees with the tiles of the tree', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (size) => {
        for (const { level, fullTiles, partialWidth } of tilesOf(size)) {
          if (fullTiles > 0) expect(widthIn(size, level, fullTiles - 1)).toBe(256)
          expect(widthIn(size, level, fullTiles)).toBe(partialWidth)
          expect(widthIn(size, level, fullTiles + 1)).toBe(0)
        }
      }),
    )
  })
})

describe('bundles', () => {
  const entries = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 256 })

  test('are read as they are written', () => {
    fc.assert(
      fc.property(entries, (given) => {
        const read = decodeBundle(encodeBundle(given), given.length)
        expect(E.isRight(read) && read.right.map((entry) => [...entry])).toEqual(
          given.map((entry) => [...entry]),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('the longest entry goes in, one byte more does not', () => {
    const longest = new Uint8Array(ENTRY_BYTES_MAX).fill(7)
    expect(decodeBundle(encodeBundle([longest]), 1)).toEqual(E.right([longest]))
    expect(() => encodeBundle([new Uint8Array(ENTRY_BYTES_MAX + 1)])).toThrow(RangeError)
  })

  test('bytes are big-endian lengths and entries', () => {
    expect([...encodeBundle([Uint8Array.of(1, 2), new Uint8Array(258)])].slice(0, 6)).toEqual([
      0, 2, 1, 2, 1, 2,
    ])
  })

  test('a truncated one says so, cut anywhere', () => {
    const whole = encodeBundle([Uint8Array.of(1, 2, 3), Uint8Array.of(4)])
    expect(decodeBundle(whole.subarray(0, 3), 2)).toEqual(E.left('ends in the middle of an entry'))
    expect(decodeBundle(whole.subarray(0, 1), 2)).toEqual(E.left('ends in the middle of an entry'))
    expect(decodeBundle(whole.subarray(0, 5), 2)).toEqual(E.left('has 1 entries and not 2'))
    expect(decodeBundle(whole, 3)).toEqual(E.left('has 2 entries and not 3'))
  })
})
