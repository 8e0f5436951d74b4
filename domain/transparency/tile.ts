import * as E from 'fp-ts/lib/Either.js'
import { parseDecimal } from './decimal.ts'

/** Hashes of a full tile, entries of a full bundle: 2^8. C2SP tlog-tiles. */
export const TILE_WIDTH = 256

/** Levels of the tree that one tile spans. */
export const TILE_HEIGHT = 8

/** Longest entry: its length is a uint16. */
export const ENTRY_BYTES_MAX = 65_535

/** Longest bundle: 256 of the longest entries, each with its length, 16 MiB. */
export const BUNDLE_BYTES_MAX: number = TILE_WIDTH * (2 + ENTRY_BYTES_MAX)

/** Highest tile level of a tree below 2^53 leaves. */
export const TILE_LEVEL_MAX = 6

/** A tile: `width` hashes (1..256, fewer than 256 for a partial one), each the root of a complete subtree of 256^`level` leaves. */
export interface TileId {
  readonly level: number
  readonly index: number
  readonly width: number
}

/** A bundle of `width` entries (1..256), the first of them entry `index` x 256. */
export interface BundleId {
  readonly index: number
  readonly width: number
}

/** Where a tile stands below the ledger's address. */
export const tilePath = (level: number, index: number, width: number): string =>
  `tile/${level}/${indexPath(index)}${partial(width)}`

/** Where a bundle of entries stands below the ledger's address. */
export const bundlePath = (index: number, width: number): string =>
  `tile/entries/${indexPath(index)}${partial(width)}`

const partial = (width: number): string => (width === TILE_WIDTH ? '' : `.p/${width}`)

/** Three digits an element, all but the last with an `x`: no name is a file and a folder at once. */
function indexPath(index: number): string {
  const last = String(index % 1000).padStart(3, '0')
  let path = last
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
  }
  return path
}

/** A file of a ledger. */
export type LedgerFile =
  | { readonly kind: 'checkpoint' }
  | ({ readonly kind: 'tile' } & TileId)
  | ({ readonly kind: 'bundle' } & BundleId)

/** Reads the path of a ledger's file; undefined unless it is written exactly as here. */
export function parseLedgerPath(path: string): LedgerFile | undefined {
  if (path === 'checkpoint') return { kind: 'checkpoint' }
  const [, levelText = '', digits = '', widthText] =
    /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path) ?? []
  const index = parseIndexPath(digits)
  const width = widthText === undefined ? TILE_WIDTH : parseDecimal(widthText)
  if (index === undefined || width === undefined || width < 1) return undefined
  if (widthText !== undefined && width >= TILE_WIDTH) return undefined
  if (levelText === 'entries') return { kind: 'bundle', index, width }
  const level = parseDecimal(levelText)
  return level === undefined || level > TILE_LEVEL_MAX ? undefined : { kind: 'tile', level, index, width }
}

function parseIndexPath(path: string): number | undefined {
  if (path === '') return undefined
  const index = Number(path.replace(/[x/]/g, ''))
  return Number.isSafeInteger(index) && indexPath(index) === path ? index : undefined
}

/** Width of a tile in a tree of a size: 256 when full, 0 when the tree has no such tile. Bundles are as wide as tiles of level 0. */
export const widthIn = (size: number, level: number, index: number): number =>
  Math.max(0, Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH))

/**
 * Writes a bundle: each entry after its length as a big-endian uint16.
 *
 * @throws RangeError for an entry that is too long.
 */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0))
  let at = 0
  for (const entry of entries) {
    if (entry.length > ENTRY_BYTES_MAX) throw new RangeError(`an entry of ${entry.length} bytes`)
    bytes[at] = entry.length >> 8
    bytes[at + 1] = entry.length & 0xff
    bytes.set(entry, at + 2)
    at += 2 + entry.length
  }
  return bytes
}

/** Reads the entries of a bundle, as views of its bytes. Left: how it differs from a bundle of that width, completing "it …". */
export function decodeBundle(bytes: Uint8Array, width: number): E.Either<string, readonly Uint8Array[]> {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    const end = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))
    if (at + 2 > bytes.length || end > bytes.length) return E.left('ends in the middle of an entry')
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  return entries.length === width
    ? E.right(entries)
    : E.left(`has ${entries.length} entries and not ${width}`)
}
