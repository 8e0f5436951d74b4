import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'
import {
  EMPTY_ROOT,
  frontier,
  leafHash,
  nodeHash,
  peaksOf,
  rootOfPacked,
} from '../../../domain/transparency/tree.ts'
import { entriesOf, sha256, treeHash } from './recursive-tree.ts'
import { transparencyVectors } from './vectors.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

describe('published vectors', () => {
  const { leafInputsHex, rootHashByTreeSizeHex, completeSubtreeHashesByLevelHex, hasherSingles } =
    transparencyVectors.rfc6962_constants
  const leaves = leafInputsHex.map((input) => leafHash(sha256, fromHex(input) ?? text('no hex')))

  test('single hashes', () => {
    expect(toHex(EMPTY_ROOT)).toBe(hasherSingles.emptyRoot)
    expect(toHex(leafHash(sha256, new Uint8Array()))).toBe(hasherSingles.emptyLeaf)
    expect(toHex(leafHash(sha256, text('L123456')))).toBe(hasherSingles.leaf_utf8_L123456)
    expect(toHex(nodeHash(sha256, text('N123'), text('N456')))).toBe(hasherSingles.node_utf8_N123_N456)
  })

  test('the root of each size', () => {
    const tree = frontier(sha256)
    const roots = [tree.root()]
    for (const leaf of leaves) {
      tree.append(leaf)
      roots.push(tree.root())
    }
    expect(roots.map(toHex)).toEqual(rootHashByTreeSizeHex)
  })

  test('the nodes of each level, in their order', () => {
    const levels: string[][] = []
    const tree = frontier(sha256, undefined, (level, hash) => {
      levels[level] ??= []
      levels[level].push(toHex(hash))
    })
    for (const leaf of leaves) tree.append(leaf)
    expect(levels).toEqual(completeSubtreeHashesByLevelHex)
  })
})

describe('for any size', () => {
  const sizes = fc.integer({ min: 0, max: 300 })

  test('the root is that of the recursive definition, packed or not', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const leaves = entriesOf(size).map((entry) => leafHash(sha256, entry))
        const tree = frontier(sha256)
        for (const leaf of leaves) tree.append(leaf)
        const expected = toHex(treeHash(entriesOf(size)))
        expect(tree.size()).toBe(size)
        expect(toHex(tree.root())).toBe(expected)
        expect(toHex(rootOfPacked(sha256, Buffer.concat(leaves)))).toBe(expected)
      }),
      { numRuns: 60 },
    )
  })

  test('a tree goes on from its peaks as if it had never stopped', () => {
    fc.assert(
      fc.property(sizes, sizes, (size, more) => {
        const leaves = entriesOf(size + more).map((entry) => leafHash(sha256, entry))
        const first = frontier(sha256)
        for (const leaf of leaves.slice(0, size)) first.append(leaf)
        const second = frontier(sha256, { size, peaks: first.peaks() })
        for (const leaf of leaves.slice(size)) {
          first.append(leaf)
          second.append(leaf)
        }
        expect(toHex(second.root())).toBe(toHex(first.root()))
      }),
      { numRuns: 60 },
    )
  })

  test('the peaks are the ones in the size, largest first', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (size) => {
        const peaks = peaksOf(size)
        expect(peaks.map(({ level }) => 2n ** BigInt(level)).reduce((sum, width) => sum + width, 0n)).toBe(
          BigInt(size),
        )
        let at = 0
        for (const { level, index } of peaks) {
          expect(index * 2 ** level).toBe(at)
          at += 2 ** level
        }
      }),
    )
  })

  test('peaks of another size are a mistake', () => {
    expect(() => frontier(sha256, { size: 3, peaks: [EMPTY_ROOT] })).toThrow(RangeError)
  })
})
