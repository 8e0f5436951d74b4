import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../domain/decred/hex.ts'
import { fromBase64 } from '../../../domain/transparency/base64.ts'
import {
  consistencyParts,
  consistencyProof,
  inclusionParts,
  inclusionProof,
  type NodeAt,
  nodesOfTiles,
  proofOf,
  tilesForParts,
  verifyConsistency,
  verifyInclusion,
} from '../../../domain/transparency/proof.ts'
import { EMPTY_ROOT, frontier, leafHash } from '../../../domain/transparency/tree.ts'
import { entriesOf, path, proof, sha256, treeHash } from './recursive-tree.ts'
import { transparencyVectors } from './vectors.ts'

const bytes = (base64: string): Uint8Array => fromBase64(base64) ?? new Uint8Array()
const { policyCases, groups } = transparencyVectors.merkle_proof_cases

describe('published vectors', () => {
  test.each(groups.inclusion)(
    '$path',
    ({ leafIdx, treeSize, root, leafHash: leaf, proof: given, wantErr }) => {
      const verified = verifyInclusion(sha256, {
        leaf: bytes(leaf),
        index: leafIdx,
        size: treeSize,
        proof: (given ?? []).map(bytes),
        root: bytes(root),
      })
      expect(verified).toBe(!wantErr)
    },
  )

  // The three cases of policy are below: this verifier takes the empty tree as the beginning of every tree, as witnesses do.
  test.each(groups.consistency.filter((given) => !policyCases.includes(given.path)))(
    '$path',
    ({ size1, size2, root1, root2, proof: given, wantErr }) => {
      const verified = verifyConsistency(sha256, {
        from: size1,
        to: size2,
        proof: (given ?? []).map(bytes),
        fromRoot: bytes(root1),
        toRoot: bytes(root2),
      })
      expect(verified).toBe(!wantErr)
    },
  )

  test('all of them were there', () => {
    expect([groups.inclusion.length, groups.consistency.length, policyCases.length]).toEqual([98, 98, 3])
  })
})

test('the empty tree begins every tree, with its own root and without a proof', () => {
  const toRoot = treeHash(entriesOf(5))
  const empty = { from: 0, to: 5, proof: [], fromRoot: EMPTY_ROOT, toRoot }
  expect(verifyConsistency(sha256, empty)).toBe(true)
  expect(verifyConsistency(sha256, { ...empty, to: 0, toRoot: EMPTY_ROOT })).toBe(true)
  expect(verifyConsistency(sha256, { ...empty, proof: [toRoot] })).toBe(false)
  expect(verifyConsistency(sha256, { ...empty, fromRoot: toRoot })).toBe(false)
})

/** Looks nodes up in a tree of a size: complete subtrees and no others. */
function nodesOf(size: number): NodeAt {
  const nodes = new Map<string, Uint8Array>()
  const counts: number[] = []
  const tree = frontier(sha256, undefined, (level, hash) => {
    const index = counts[level] ?? 0
    counts[level] = index + 1
    nodes.set(`${level}/${index}`, hash)
  })
  for (const entry of entriesOf(size)) tree.append(leafHash(sha256, entry))
  return (level, index) => nodes.get(`${level}/${index}`)
}

const hexes = (hashes: readonly Uint8Array[]): readonly string[] => hashes.map(toHex)
const made = (either: E.Either<unknown, readonly Uint8Array[]>): readonly Uint8Array[] => {
  if (E.isLeft(either)) throw new Error('a node is missing')
  return either.right
}

const inTree = fc
  .integer({ min: 1, max: 200 })
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.integer({ min: 0, max: size - 1 }) }))

describe('against the recursive definition', () => {
  test('inclusion', () => {
    fc.assert(
      fc.property(inTree, ({ size, index }) => {
        const entries = entriesOf(size)
        const hashes = made(inclusionProof(sha256, nodesOf(size), index, size))
        expect(hexes(hashes)).toEqual(hexes(path(index, entries)))
        const leaf = leafHash(sha256, Buffer.from(`entry ${index}`))
        const claim = { leaf, index, size, proof: hashes, root: treeHash(entries) }
        expect(verifyInclusion(sha256, claim)).toBe(true)
        expect(verifyInclusion(sha256, { ...claim, index: index + 1 })).toBe(false)
        expect(verifyInclusion(sha256, { ...claim, leaf: EMPTY_ROOT })).toBe(false)
      }),
      { numRuns: 80 },
    )
  })

  test('consistency', () => {
    fc.assert(
      fc.property(inTree, ({ size, index: from }) => {
        const entries = entriesOf(size)
        const hashes = made(consistencyProof(sha256, nodesOf(size), from, size))
        expect(hexes(hashes)).toEqual(from === 0 ? [] : hexes(proof(from, entries)))
        const fromRoot = treeHash(entries.slice(0, from))
        const claim = { from, to: size, proof: hashes, fromRoot, toRoot: treeHash(entries) }
        expect(verifyConsistency(sha256, claim)).toBe(true)
        expect(verifyConsistency(sha256, { ...claim, proof: [...hashes, EMPTY_ROOT] })).toBe(false)
        if (from > 0) expect(verifyConsistency(sha256, { ...claim, fromRoot: claim.toRoot })).toBe(false)
      }),
      { numRuns: 80 },
    )
  })

  test('a bit that changed anywhere in a proof is found', () => {
    fc.assert(
      fc.property(inTree, fc.nat(), ({ size, index }, at) => {
        fc.pre(size > 1)
        const hashes = made(inclusionProof(sha256, nodesOf(size), index, size))
        const flat = Buffer.concat(hashes)
        const bit = at % (flat.length * 8)
        flat[bit >> 3] = (flat[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const changed = hashes.map((_, i) => flat.subarray(32 * i, 32 * i + 32))
        const leaf = leafHash(sha256, Buffer.from(`entry ${index}`))
        const claim = { leaf, index, size, root: treeHash(entriesOf(size)) }
        expect(verifyInclusion(sha256, { ...claim, proof: changed })).toBe(false)
      }),
      { numRuns: 60 },
    )
  })
})

describe('from tiles', () => {
  const SIZE = 70_000
  const levels: Uint8Array[][] = [[], [], []]
  const tree = frontier(sha256, undefined, (level, hash) => {
    if (level % 8 === 0) levels[level / 8]?.push(hash)
  })
  const leaves = entriesOf(SIZE).map((entry) => leafHash(sha256, entry))
  for (const leaf of leaves) tree.append(leaf)
  const root = tree.root()
  const tile = (level: number, index: number): Uint8Array =>
    Buffer.concat((levels[level] ?? []).slice(index * 256, index * 256 + 256))

  test.each([0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999])('inclusion of %i', (index) => {
    const parts = inclusionParts(index, SIZE)
    const needed = tilesForParts(parts, SIZE)
    expect(needed.length).toBeLessThanOrEqual(5)
    for (const { level, index: at, width } of needed) expect(tile(level, at)).toHaveLength(width * 32)
    const nodeAt = nodesOfTiles(sha256, (level, at) =>
      needed.some((given) => given.level === level && given.index === at) ? tile(level, at) : undefined,
    )
    const hashes = made(proofOf(sha256, nodeAt, parts))
    expect(
      verifyInclusion(sha256, { leaf: leaves[index] ?? root, index, size: SIZE, proof: hashes, root }),
    ).toBe(true)
  })

  test.each([1, 255, 256, 257, 65_535, 65_536, 65_537, 69_999])('consistency from %i', (from) => {
    const old = frontier(sha256)
    for (const leaf of leaves.slice(0, from)) old.append(leaf)
    const hashes = made(consistencyProof(sha256, nodesOfTiles(sha256, tile), from, SIZE))
    const claim = { from, to: SIZE, proof: hashes, fromRoot: old.root(), toRoot: root }
    expect(verifyConsistency(sha256, claim)).toBe(true)
  })

  test('a tile that is missing or too short is told as the node it should have had', () => {
    const missing = inclusionProof(
      sha256,
      nodesOfTiles(sha256, () => undefined),
      0,
      2,
    )
    expect(missing).toEqual(E.left({ level: 0, index: 1 }))
    const short = nodesOfTiles(sha256, (level, index) => tile(level, index).subarray(0, 40))
    expect(inclusionProof(sha256, short, 0, 2)).toEqual(E.left({ level: 0, index: 1 }))
  })
})

test('what no tree has is a mistake', () => {
  expect(() => inclusionParts(5, 5)).toThrow(RangeError)
  expect(() => inclusionParts(-1, 5)).toThrow(RangeError)
  expect(() => consistencyParts(6, 5)).toThrow(RangeError)
})

test('sizes near 2^53: a proof of such a tree is laid out exactly', () => {
  const size = 2 ** 52 + 1
  expect(inclusionParts(size - 1, size)).toEqual([[{ level: 52, index: 0 }]])
  expect(inclusionParts(0, size)).toHaveLength(53)
  expect(consistencyParts(2 ** 52 - 1, size).flat()).toContainEqual({ level: 0, index: 2 ** 52 - 1 })
})
