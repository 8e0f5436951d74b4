import { bundlePath, encodeBundle, TILE_HEIGHT, TILE_WIDTH, tilePath } from './tile.ts'
import { frontier, HASH_BYTES, leafHash, type Sha256 } from './tree.ts'

/** A file of a ledger, with its path below the ledger's address. */
export interface EdgeFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** The right edge of a ledger, where it grows: takes entries, and makes the files that show them. */
export interface LedgerEdge {
  /** Number of entries. */
  readonly size: () => number
  /** Takes the next entry, of `ENTRY_BYTES_MAX` at most. */
  readonly append: (entry: Uint8Array) => void
  /** Root of the tree over all entries so far: what a checkpoint says. */
  readonly root: () => Uint8Array
  /**
   * The files that must be there before a checkpoint of this size is shown, less those that were taken before: what has become full
   * since, and the partial ones of this very size. Call it for each size that gets a checkpoint.
   */
  readonly take: () => readonly EdgeFile[]
}

/** The edge of an empty ledger. Holds a tile of each level, one bundle of entries, and the files that were not taken yet. */
export function ledgerEdge(sha256: Sha256): LedgerEdge {
  const levels: PartialTile[] = []
  let entries: Uint8Array[] = []
  let bundles = 0
  let completed: EdgeFile[] = []

  const tree = frontier(sha256, undefined, (level, hash) => {
    if (level % TILE_HEIGHT !== 0) return
    const tileLevel = level / TILE_HEIGHT
    let tile = levels[tileLevel]
    if (tile === undefined) {
      tile = { index: 0, width: 0, hashes: new Uint8Array(TILE_WIDTH * HASH_BYTES) }
      levels.push(tile)
    }
    tile.hashes.set(hash, tile.width * HASH_BYTES)
    tile.width += 1
    if (tile.width < TILE_WIDTH) return
    completed.push({ path: tilePath(tileLevel, tile.index, TILE_WIDTH), bytes: tile.hashes })
    levels[tileLevel] = { index: tile.index + 1, width: 0, hashes: new Uint8Array(TILE_WIDTH * HASH_BYTES) }
  })

  const partials = (): EdgeFile[] => {
    const tiles = levels.flatMap(({ index, width, hashes }, level) =>
      width === 0
        ? []
        : [{ path: tilePath(level, index, width), bytes: hashes.slice(0, width * HASH_BYTES) }],
    )
    const bundle = { path: bundlePath(bundles, entries.length), bytes: encodeBundle(entries) }
    return entries.length === 0 ? tiles : [...tiles, bundle]
  }

  return {
    size: tree.size,
    append: (entry) => {
      entries.push(entry)
      if (entries.length === TILE_WIDTH) {
        completed.push({ path: bundlePath(bundles, TILE_WIDTH), bytes: encodeBundle(entries) })
        bundles += 1
        entries = []
      }
      tree.append(leafHash(sha256, entry))
    },
    root: tree.root,
    take: () => {
      const files = [...completed, ...partials()]
      completed = []
      return files
    },
  }
}

/** The tile of a level that is being filled. */
interface PartialTile {
  readonly index: number
  width: number
  readonly hashes: Uint8Array
}
