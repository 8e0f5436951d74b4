/** SHA-256 of bytes, 32 bytes long: an array of its own, and the bytes are not kept. The server passes `node:crypto`'s, the browser another. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** Bytes of a hash. */
export const HASH_BYTES = 32

/** Root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Uint8Array = Uint8Array.of(
  ...[0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24],
  ...[0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55],
)

const LEAF = 0
const NODE = 1

/** Hash of a leaf: SHA-256(0x00 ‖ entry). RFC 9162, 2.1.1. */
export function leafHash(sha256: Sha256, entry: Uint8Array): Uint8Array {
  const preimage = room(1 + entry.length)
  preimage[0] = LEAF
  preimage.set(entry, 1)
  return sha256(preimage)
}

/** Hash of an inner node: SHA-256(0x01 ‖ left ‖ right). RFC 9162, 2.1.1. */
export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  const preimage = room(1 + left.length + right.length)
  preimage[0] = NODE
  preimage.set(left, 1)
  preimage.set(right, 1 + left.length)
  return sha256(preimage)
}

/** What is hashed is laid out in the same room each time: a million small arrays would take a third of the time. */
const scratch = new Uint8Array(65_536)

const room = (length: number): Uint8Array =>
  length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length)

/** One node of the tree: root of the complete subtree over the leaves from `index` x 2^`level` on, 2^`level` of them. */
export interface Node {
  readonly level: number
  readonly index: number
}

/** The complete subtrees that a tree of a size consists of, from left to right, each larger than the next: the ones in `size`. */
export function peaksOf(size: number): readonly Node[] {
  const peaks: Node[] = []
  for (let level = 52; level >= 0; level--) {
    const width = 2 ** level
    const count = Math.floor(size / width)
    if (count % 2 === 1) peaks.push({ level, index: count - 1 })
  }
  return peaks
}

/** Root over subtrees side by side, the smallest last: each is the right sibling of what stands before it. */
export function rootOfPeaks(sha256: Sha256, peaks: readonly Uint8Array[]): Uint8Array {
  const last = peaks.at(-1)
  if (last === undefined) return EMPTY_ROOT.slice()
  return peaks.slice(0, -1).reduceRight((right, left) => nodeHash(sha256, left, right), last)
}

/** A tree that only grows: takes leaves and tells its root, and keeps no more than one hash for each level. */
export interface Frontier {
  /** Number of leaves. */
  readonly size: () => number
  /** Takes the hash of the next leaf. */
  readonly append: (leaf: Uint8Array) => void
  /** Root over all leaves so far. */
  readonly root: () => Uint8Array
  /** Hashes of `peaksOf(size)`: all that is needed to go on later. */
  readonly peaks: () => readonly Uint8Array[]
}

/** A tree of `size` leaves to go on with. */
export interface FrontierState {
  readonly size: number
  /** Hashes of `peaksOf(size)`. */
  readonly peaks: readonly Uint8Array[]
}

const NO_LEAVES: FrontierState = { size: 0, peaks: [] }

/**
 * Begins an empty tree, or goes on with another. `onNode` hears of each node as soon as its subtree is complete, leaves too (level 0):
 * the nodes of a level come in their order.
 *
 * @throws RangeError when there are not as many peaks as the size has.
 */
export function frontier(
  sha256: Sha256,
  from: FrontierState = NO_LEAVES,
  onNode?: (level: number, hash: Uint8Array) => void,
): Frontier {
  if (peaksOf(from.size).length !== from.peaks.length) throw new RangeError('a tree with other peaks')
  let size = from.size
  const peaks = [...from.peaks]
  return {
    size: () => size,
    append: (leaf) => {
      let hash = leaf
      let level = 0
      onNode?.(level, hash)
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
        hash = nodeHash(sha256, peaks.pop() ?? EMPTY_ROOT, hash)
        level += 1
        onNode?.(level, hash)
      }
      peaks.push(hash)
      size += 1
    },
    root: () => rootOfPeaks(sha256, peaks),
    peaks: () => [...peaks],
  }
}

/** Root over hashes that stand packed one after another, `HASH_BYTES` each. */
export function rootOfPacked(sha256: Sha256, hashes: Uint8Array): Uint8Array {
  const tree = frontier(sha256)
  for (let at = 0; at < hashes.length; at += HASH_BYTES) tree.append(hashes.subarray(at, at + HASH_BYTES))
  return tree.root()
}
