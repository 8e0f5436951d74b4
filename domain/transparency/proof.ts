import * as E from 'fp-ts/lib/Either.js'
import { TILE_HEIGHT, TILE_WIDTH, type TileId, widthIn } from './tile.ts'
import { HASH_BYTES, type Node, nodeHash, peaksOf, rootOfPacked, rootOfPeaks, type Sha256 } from './tree.ts'

/** Looks a node's hash up; undefined when it is not there. */
export type NodeAt = (level: number, index: number) => Uint8Array | undefined

/** One hash of a proof: the root over complete subtrees side by side, which are looked up and hashed together. */
export type ProofPart = readonly Node[]

/**
 * What the inclusion proof of a leaf in a tree of a size is made of, from the leaf's sibling up. RFC 9162, 2.1.3.1.
 *
 * @throws RangeError for a leaf that the tree does not have.
 */
export function inclusionParts(index: number, size: number): readonly ProofPart[] {
  if (!isCount(index) || !isCount(size) || index >= size) throw new RangeError(`leaf ${index} of ${size}`)
  const parts: ProofPart[] = []
  for (let start = 0, end = size; end - start > 1; ) {
    const middle = start + largestPowerBelow(end - start)
    if (index < middle) {
      parts.push(subtrees(middle, end))
      end = middle
    } else {
      parts.push(subtrees(start, middle))
      start = middle
    }
  }
  return parts.reverse()
}

/**
 * What the proof is made of that the tree of size `to` begins with the tree of size `from`; nothing when one of them is
 * empty or they are as large. RFC 9162, 2.1.4.1.
 *
 * @throws RangeError when `from` is larger than `to`.
 */
export function consistencyParts(from: number, to: number): readonly ProofPart[] {
  if (!isCount(from) || !isCount(to) || from > to) throw new RangeError(`from ${from} to ${to}`)
  if (from === 0 || from === to) return []
  const parts: ProofPart[] = []
  let start = 0
  let end = to
  while (end !== from) {
    const middle = start + largestPowerBelow(end - start)
    if (from <= middle) {
      parts.push(subtrees(middle, end))
      end = middle
    } else {
      parts.push(subtrees(start, middle))
      start = middle
    }
  }
  // Where the old tree is one whole subtree from the first leaf on, its verifier has that hash: it is the old root.
  if (start > 0) parts.push(subtrees(start, end))
  return parts.reverse()
}

/** Hashes of the proof that a leaf stands under the root of a tree. Left: a node that could not be looked up. */
export const inclusionProof = (
  sha256: Sha256,
  nodeAt: NodeAt,
  index: number,
  size: number,
): E.Either<Node, readonly Uint8Array[]> => proofOf(sha256, nodeAt, inclusionParts(index, size))

/** Hashes of the proof that a tree begins with a smaller one. Left: a node that could not be looked up. */
export const consistencyProof = (
  sha256: Sha256,
  nodeAt: NodeAt,
  from: number,
  to: number,
): E.Either<Node, readonly Uint8Array[]> => proofOf(sha256, nodeAt, consistencyParts(from, to))

/** The hashes of a proof from its parts. Left: a node that could not be looked up. */
export function proofOf(
  sha256: Sha256,
  nodeAt: NodeAt,
  parts: readonly ProofPart[],
): E.Either<Node, readonly Uint8Array[]> {
  const proof: Uint8Array[] = []
  for (const part of parts) {
    const hashes: Uint8Array[] = []
    for (const node of part) {
      const hash = nodeAt(node.level, node.index)
      if (hash === undefined) return E.left(node)
      hashes.push(hash)
    }
    proof.push(rootOfPeaks(sha256, hashes))
  }
  return E.right(proof)
}

/** The tiles of a tree of a size that hold what a proof is made of, each once. */
export function tilesForParts(parts: readonly ProofPart[], size: number): readonly TileId[] {
  const tiles = new Map<string, TileId>()
  for (const { level, index } of parts.flat()) {
    const place = placeOf(level, index)
    const width = widthIn(size, place.level, place.index)
    tiles.set(`${place.level}/${place.index}`, { level: place.level, index: place.index, width })
  }
  return [...tiles.values()]
}

/** Looks nodes up in tiles: packed hashes of a tile, or undefined where there is no such tile. */
export const nodesOfTiles =
  (sha256: Sha256, tileAt: (level: number, index: number) => Uint8Array | undefined): NodeAt =>
  (level, index) => {
    const place = placeOf(level, index)
    const tile = tileAt(place.level, place.index)
    const end = (place.first + place.count) * HASH_BYTES
    if (tile === undefined || tile.length < end) return undefined
    return rootOfPacked(sha256, tile.subarray(place.first * HASH_BYTES, end))
  }

/** Where a node is in the tiles: its hash is the root over `count` hashes of a tile, from `first` on. */
function placeOf(level: number, index: number): TileId & { readonly first: number; readonly count: number } {
  const count = 2 ** (level % TILE_HEIGHT)
  const first = index * count
  return {
    level: Math.floor(level / TILE_HEIGHT),
    index: Math.floor(first / TILE_WIDTH),
    width: TILE_WIDTH,
    first: first % TILE_WIDTH,
    count,
  }
}

/** Says whether the proof shows that a leaf stands at `index` under the root of a tree of `size` leaves. RFC 9162, 2.1.3.2. */
export function verifyInclusion(
  sha256: Sha256,
  {
    leaf,
    index,
    size,
    proof,
    root,
  }: {
    readonly leaf: Uint8Array
    readonly index: number
    readonly size: number
    readonly proof: readonly Uint8Array[]
    readonly root: Uint8Array
  },
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leaf, root, ...proof])) return false
  let fn = index
  let sn = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sha256, sibling, hash)
      for (; fn % 2 === 0 && fn !== 0; fn /= 2) sn = half(sn)
    } else {
      hash = nodeHash(sha256, hash, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && same(hash, root)
}

/**
 * Says whether the proof shows that the tree of `to` leaves begins with the tree of `from`. RFC 9162, 2.1.4.2. A tree without
 * leaves begins every tree: its proof is empty and its root `EMPTY_ROOT`.
 */
export function verifyConsistency(
  sha256: Sha256,
  {
    from,
    to,
    proof,
    fromRoot,
    toRoot,
  }: {
    readonly from: number
    readonly to: number
    readonly proof: readonly Uint8Array[]
    readonly fromRoot: Uint8Array
    readonly toRoot: Uint8Array
  },
): boolean {
  if (!isCount(from) || !isCount(to) || from > to) return false
  if (from === to) return proof.length === 0 && same(fromRoot, toRoot)
  if (!areHashes([fromRoot, toRoot, ...proof])) return false
  if (from === 0) return proof.length === 0 && same(fromRoot, rootOfPeaks(sha256, []))
  let fn = from - 1
  let sn = to - 1
  for (; fn % 2 === 1; fn = half(fn)) sn = half(sn)
  // A whole subtree's root is not in the proof: it is the old root itself.
  const [first, ...rest] = fn === 0 ? [fromRoot, ...proof] : proof
  if (first === undefined) return false
  let old = first
  let young = first
  for (const sibling of rest) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      old = nodeHash(sha256, sibling, old)
      young = nodeHash(sha256, sibling, young)
      for (; fn % 2 === 0 && fn !== 0; fn /= 2) sn = half(sn)
    } else {
      young = nodeHash(sha256, young, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && same(old, fromRoot) && same(young, toRoot)
}

/** The complete subtrees over the leaves [start, end): `start` divides by the power of two at or above their number. */
const subtrees = (start: number, end: number): ProofPart =>
  peaksOf(end - start).map(({ level, index }) => ({ level, index: start / 2 ** level + index }))

function largestPowerBelow(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}

const half = (number: number): number => Math.floor(number / 2)

const isCount = (number: number): boolean => Number.isSafeInteger(number) && number >= 0

const areHashes = (hashes: readonly Uint8Array[]): boolean =>
  hashes.every((hash) => hash.length === HASH_BYTES)

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])
