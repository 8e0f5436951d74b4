import * as E from 'fp-ts/lib/Either.js'
import { NOTE_BYTES_MAX } from '../../domain/transparency/note.ts'
import {
  BUNDLE_BYTES_MAX,
  bundlePath,
  type LedgerFile,
  TILE_WIDTH,
  tilePath,
} from '../../domain/transparency/tile.ts'
import { HASH_BYTES } from '../../domain/transparency/tree.ts'
import type { LedgerError } from './port.ts'

/** Where a file of a ledger stands below its address. */
export function pathOf(file: LedgerFile): string {
  if (file.kind === 'checkpoint') return 'checkpoint'
  return file.kind === 'tile'
    ? tilePath(file.level, file.index, file.width)
    : bundlePath(file.index, file.width)
}

/** Most bytes that a file of this kind can have. */
export function bytesMax(file: LedgerFile): number {
  if (file.kind === 'checkpoint') return NOTE_BYTES_MAX
  return file.kind === 'tile' ? TILE_WIDTH * HASH_BYTES : BUNDLE_BYTES_MAX
}

/** A file that is larger than such a file can be. */
export const tooLarge = (where: string, file: LedgerFile): LedgerError => ({
  kind: 'too-large',
  message: `${where} has more than ${bytesMax(file)} bytes, the most that such a file can have. It is not the file of a ledger: look whether the address is right.`,
})

/** Lets bytes through that can be the file they are said to be, by their beginning and length. */
export function checked(
  where: string,
  file: LedgerFile,
  bytes: Uint8Array,
): E.Either<LedgerError, Uint8Array> {
  if (isMarkup(bytes)) return E.left(webPage(where))
  if (file.kind !== 'tile' || bytes.length === file.width * HASH_BYTES) return E.right(bytes)
  return E.left({
    kind: 'truncated',
    message: `${where} has ${bytes.length} bytes and not ${file.width * HASH_BYTES}: it was cut off, or is no tile. Fetch it again; when that does not help, tell whoever publishes the ledger.`,
  })
}

/** Says whether bytes begin as a web page does: no tile, name or JSON entry does. */
const isMarkup = (bytes: Uint8Array): boolean =>
  /^\s*<(!doctype|html|\?xml|head|body)/i.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'))

/** A web page where the file of a ledger should be. */
export const webPage = (where: string): LedgerError => ({
  kind: 'not-a-ledger',
  message: `${where} is a web page and not the file of a ledger. Give the address below which "checkpoint" is, such as https://pool.example/ledger.`,
})
