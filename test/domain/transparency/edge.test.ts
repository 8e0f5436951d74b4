import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { toHex } from '../../../domain/decred/hex.ts'
import { ledgerEdge } from '../../../domain/transparency/edge.ts'
import { bundlePath, decodeBundle, tilePath, widthIn } from '../../../domain/transparency/tile.ts'
import { entriesOf, sha256, treeHash } from './recursive-tree.ts'
import { tilesOf } from './tiles-of.ts'

/** The paths that a ledger of a size has, full and partial. */
const pathsOf = (size: number): readonly string[] => {
  const tiles = tilesOf(size).flatMap(({ level, fullTiles, partialWidth }) => [
    ...Array.from({ length: fullTiles }, (_, index) => tilePath(level, index, 256)),
    ...(partialWidth === 0 ? [] : [tilePath(level, fullTiles, partialWidth)]),
  ])
  const bundles = Array.from({ length: Math.ceil(size / 256) }, (_, index) =>
    bundlePath(index, widthIn(size, 0, index)),
  )
  return [...tiles, ...bundles].sort()
}

test('all that was taken is what a ledger of each size needs, whatever the steps', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 6 }), (steps) => {
      const edge = ledgerEdge(sha256)
      const files = new Map<string, Uint8Array>()
      let size = 0
      for (const step of steps) {
        for (const entry of entriesOf(size + step).slice(size)) edge.append(entry)
        size += step
        for (const { path, bytes } of edge.take()) files.set(path, bytes)
        expect(edge.size()).toBe(size)
        expect(pathsOf(size).filter((path) => !files.has(path))).toEqual([])
      }
      expect(toHex(edge.root())).toBe(toHex(treeHash(entriesOf(size))))
    }),
    { numRuns: 20 },
  )
})

test('70,000 entries at once: the files are exactly those of the tree, and hold it', () => {
  const entries = entriesOf(70_000)
  const edge = ledgerEdge(sha256)
  for (const entry of entries) edge.append(entry)
  const files = new Map(edge.take().map(({ path, bytes }) => [path, bytes]))
  expect([...files.keys()].sort()).toEqual(pathsOf(70_000))
  const tile = files.get(tilePath(1, 0, 256)) ?? new Uint8Array()
  expect(toHex(tile.subarray(32 * 255))).toBe(toHex(treeHash(entries.slice(255 * 256, 256 * 256))))
  const last = files.get(bundlePath(273, 112)) ?? new Uint8Array()
  const read = decodeBundle(last, 112)
  expect(E.isRight(read) && read.right.map((entry) => Buffer.from(entry).toString()).at(-1)).toBe(
    'entry 69999',
  )
})

test('what was taken is not given again, and later entries do not change it', () => {
  const edge = ledgerEdge(sha256)
  for (const entry of entriesOf(256)) edge.append(entry)
  expect(
    edge
      .take()
      .map(({ path }) => path)
      .sort(),
  ).toEqual(['tile/0/000', 'tile/entries/000', 'tile/1/000.p/1'].sort())
  const [again] = edge.take()
  expect(again?.path).toBe('tile/1/000.p/1')
  const before = toHex(again?.bytes ?? new Uint8Array())
  for (const entry of entriesOf(256)) edge.append(entry)
  expect(toHex(again?.bytes ?? new Uint8Array())).toBe(before)
})
