import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import {
  consistencyParts,
  inclusionParts,
  nodesOfTiles,
  type ProofPart,
  proofOf,
  tilesForParts,
} from '../../domain/transparency/proof.ts'
import {
  bundlePath,
  decodeBundle,
  TILE_WIDTH,
  type TileId,
  tilePath,
  widthIn,
} from '../../domain/transparency/tile.ts'
import { HASH_BYTES, leafHash, peaksOf, rootOfPacked, rootOfPeaks } from '../../domain/transparency/tree.ts'
import type { LedgerError, LedgerSource } from './port.ts'
import { sha256 } from './sha256.ts'

/** Entries side by side, as they were hashed. */
export interface EntryBatch {
  /** Index of the first of them. */
  readonly first: number
  readonly entries: readonly Uint8Array[]
}

/** Reads the ledger that a checkpoint promises, and nothing else: every entry and every hash is checked against its root. */
export interface LedgerReader {
  /**
   * The entries [from, to), a bundle at a time and some bundles ahead. Ends after the first error.
   *
   * @throws RangeError when the ledger is not so large.
   */
  readonly entries: (from: number, to: number) => AsyncGenerator<E.Either<LedgerError, EntryBatch>>
  /**
   * Proof that an entry is in the ledger, from the leaf's sibling up.
   *
   * @throws RangeError when the ledger is not so large.
   */
  readonly inclusionProof: (index: number) => TaskEither<LedgerError, readonly Uint8Array[]>
  /**
   * Proof that the ledger begins with that of an older checkpoint.
   *
   * @throws RangeError when the older one is larger.
   */
  readonly consistencyProof: (from: number) => TaskEither<LedgerError, readonly Uint8Array[]>
}

/** Bundles that are fetched before they are needed: 3 MB of ordinary ones (400 kB each), 128 MiB of the largest there can be. */
const BUNDLES_AHEAD = 8

/** Tiles that are kept: 2 MiB. */
const TILES_MAX = 256

/** Reads the ledger of a checkpoint from a source that is not trusted. Of the checkpoint only size and root count; its signatures were checked before. */
export function ledgerReader(
  source: LedgerSource,
  { size, root }: { readonly size: number; readonly root: Uint8Array },
): LedgerReader {
  const tiles = new Map<string, Promise<E.Either<LedgerError, Uint8Array>>>()

  /** A tile under the root. One that can't be had is asked for again the next time. */
  async function tile(level: number, index: number): Promise<E.Either<LedgerError, Uint8Array>> {
    const key = `${level}/${index}`
    const asked = tiles.get(key) ?? checkedTile(level, index)
    tiles.delete(key)
    tiles.set(key, asked)
    for (const oldest of tiles.keys()) {
      if (tiles.size <= TILES_MAX) break
      tiles.delete(oldest)
    }
    const answer = await asked
    if (E.isLeft(answer) && tiles.get(key) === asked) tiles.delete(key)
    return answer
  }

  async function checkedTile(level: number, index: number): Promise<E.Either<LedgerError, Uint8Array>> {
    const width = widthIn(size, level, index)
    if (width < TILE_WIDTH) return E.chain(tileOfEdge(level))(await edge())
    const [bytes, promised] = await Promise.all([
      fetchTile(source, { level, index, width }),
      above(level, index),
    ])
    if (E.isLeft(bytes)) return bytes
    if (E.isLeft(promised)) return promised
    return same(rootOfPacked(sha256, bytes.right), promised.right)
      ? bytes
      : notUnderRoot(tilePath(level, index, width))
  }

  /** What the tile of the next level says about a full one. */
  async function above(level: number, index: number): Promise<E.Either<LedgerError, Uint8Array>> {
    const parent = await tile(level + 1, Math.floor(index / TILE_WIDTH))
    return E.map((hashes: Uint8Array) => hashAt(hashes, index % TILE_WIDTH))(parent)
  }

  let edgeTiles: Promise<E.Either<LedgerError, ReadonlyMap<number, Uint8Array>>> | undefined

  /** The partial tiles, by level: together they make the root, so all of them are right or none is. */
  async function edge(): Promise<E.Either<LedgerError, ReadonlyMap<number, Uint8Array>>> {
    edgeTiles ??= fetchEdge()
    const answer = await edgeTiles
    if (E.isLeft(answer)) edgeTiles = undefined
    return answer
  }

  async function fetchEdge(): Promise<E.Either<LedgerError, ReadonlyMap<number, Uint8Array>>> {
    const parts = peaksOf(size).map((peak) => [peak])
    const ids = tilesForParts(parts, size)
    const fetched = await Promise.all(ids.map((id) => fetchTile(source, id)))
    const byLevel = new Map<number, Uint8Array>()
    for (const [i, bytes] of fetched.entries()) {
      if (E.isLeft(bytes)) return bytes
      byLevel.set(ids[i]?.level ?? 0, bytes.right)
    }
    const hashes = proofOf(
      sha256,
      nodesOfTiles(sha256, (level) => byLevel.get(level)),
      parts,
    )
    return E.isRight(hashes) && same(rootOfPeaks(sha256, hashes.right), root)
      ? E.right(byLevel)
      : notUnderRoot(pathsOf(ids))
  }

  const tileOfEdge =
    (level: number) =>
    (byLevel: ReadonlyMap<number, Uint8Array>): E.Either<LedgerError, Uint8Array> => {
      const bytes = byLevel.get(level)
      return bytes === undefined ? notUnderRoot(`the tile of level ${level}`) : E.right(bytes)
    }

  async function batch(index: number): Promise<E.Either<LedgerError, EntryBatch>> {
    const width = widthIn(size, 0, index)
    const isFull = width === TILE_WIDTH
    const [entries, promised] = await Promise.all([
      fetchEntries(source, index, width),
      isFull ? above(0, index) : tile(0, index),
    ])
    if (E.isLeft(entries)) return entries
    if (E.isLeft(promised)) return promised
    const leaves = Buffer.concat(entries.right.map((entry) => leafHash(sha256, entry)))
    return same(isFull ? rootOfPacked(sha256, leaves) : leaves, promised.right)
      ? E.right({ first: index * TILE_WIDTH, entries: entries.right })
      : notUnderRoot(bundlePath(index, width))
  }

  const notUnderRoot = (path: string): E.Either<LedgerError, never> =>
    E.left({
      kind: 'not-under-root',
      message: `${path} of ${source.name} is not what the checkpoint of ${size} entries promises: it was changed after signing, or damaged. Compare it with another copy of the ledger.`,
    })

  async function* entries(from: number, to: number): AsyncGenerator<E.Either<LedgerError, EntryBatch>> {
    if (from < 0 || from > to || to > size) throw new RangeError(`entries ${from} to ${to} of ${size}`)
    if (from === to) return
    const last = Math.floor((to - 1) / TILE_WIDTH)
    const ahead: Promise<E.Either<LedgerError, EntryBatch>>[] = []
    let next = Math.floor(from / TILE_WIDTH)
    do {
      while (ahead.length < BUNDLES_AHEAD && next <= last) ahead.push(batch(next++))
      const read = await ahead.shift()
      if (read === undefined) return
      yield E.map((whole: EntryBatch) => cut(whole, from, to))(read)
      if (E.isLeft(read)) return
    } while (ahead.length > 0 || next <= last)
  }

  const proof =
    (parts: readonly ProofPart[]): TaskEither<LedgerError, readonly Uint8Array[]> =>
    async () => {
      const ids = tilesForParts(parts, size)
      const fetched = new Map<string, Uint8Array>()
      for (const { level, index } of ids) {
        const bytes = await tile(level, index)
        if (E.isLeft(bytes)) return bytes
        fetched.set(`${level}/${index}`, bytes.right)
      }
      const nodeAt = nodesOfTiles(sha256, (level, index) => fetched.get(`${level}/${index}`))
      const hashes = proofOf(sha256, nodeAt, parts)
      return E.isRight(hashes) ? hashes : notUnderRoot(pathsOf(ids))
    }

  return {
    entries,
    inclusionProof: (index) => proof(inclusionParts(index, size)),
    consistencyProof: (from) => proof(consistencyParts(from, size)),
  }
}

const pathsOf = (ids: readonly TileId[]): string =>
  ids.map(({ level, index, width }) => tilePath(level, index, width)).join(', ')

const hashAt = (hashes: Uint8Array, i: number): Uint8Array =>
  hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Leaves out what is outside of [from, to). */
function cut({ first, entries }: EntryBatch, from: number, to: number): EntryBatch {
  const start = Math.max(from, first)
  return { first: start, entries: entries.slice(start - first, to - first) }
}

/** A tile of a tree's size; where a partial one is gone, the beginning of the full one that took its place. */
async function fetchTile(
  source: LedgerSource,
  { level, index, width }: TileId,
): Promise<E.Either<LedgerError, Uint8Array>> {
  const bytes = await source.tile(level, index, width)()
  if (width === TILE_WIDTH || E.isRight(bytes) || bytes.left.kind !== 'not-found') return bytes
  const full = await source.tile(level, index, TILE_WIDTH)()
  return E.isRight(full) ? E.right(full.right.subarray(0, width * HASH_BYTES)) : bytes
}

/** The same for the entries of a bundle. */
async function fetchEntries(
  source: LedgerSource,
  index: number,
  width: number,
): Promise<E.Either<LedgerError, readonly Uint8Array[]>> {
  const bytes = await source.bundle(index, width)()
  if (E.isRight(bytes)) return decoded(source, bytes.right, index, width)
  if (width === TILE_WIDTH || bytes.left.kind !== 'not-found') return bytes
  const full = await source.bundle(index, TILE_WIDTH)()
  if (E.isLeft(full)) return bytes
  return E.map((entries: readonly Uint8Array[]) => entries.slice(0, width))(
    decoded(source, full.right, index, TILE_WIDTH),
  )
}

const decoded = (
  source: LedgerSource,
  bytes: Uint8Array,
  index: number,
  width: number,
): E.Either<LedgerError, readonly Uint8Array[]> =>
  E.mapLeft(
    (why: string): LedgerError => ({
      kind: 'truncated',
      message: `${bundlePath(index, width)} of ${source.name} is no bundle of ${width} entries: it ${why}. Fetch it again; when that does not help, tell whoever publishes the ledger.`,
    }),
  )(decodeBundle(bytes, width))
