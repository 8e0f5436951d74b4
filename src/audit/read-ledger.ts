import * as E from 'fp-ts/lib/Either.js'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import type { LedgerError, LedgerSource } from '../../adapters/ledger/port.ts'
import type { CheckpointTrust } from '../../domain/transparency/checkpoint.ts'
import { TILE_WIDTH, widthIn } from '../../domain/transparency/tile.ts'

/** A file of entries or hashes as it was fetched: at least as wide as was asked for. */
export interface FetchedFile {
  readonly bytes: Uint8Array
  readonly width: number
}

/**
 * Fetches a bundle or a tile of a checkpoint. While a ledger grows, a partial file gives way to a wider one with the same beginning: then
 * that one is taken.
 */
export async function fetchFile(
  source: LedgerSource,
  trust: CheckpointTrust,
  file: {
    readonly kind: 'bundle' | 'tile'
    readonly level: number
    readonly index: number
    readonly width: number
  },
): Promise<E.Either<LedgerError, FetchedFile>> {
  const get = async (width: number): Promise<E.Either<LedgerError, FetchedFile>> => {
    const bytes = await (file.kind === 'bundle'
      ? source.bundle(file.index, width)
      : source.tile(file.level, file.index, width))()
    return E.map((got: Uint8Array): FetchedFile => ({ bytes: got, width }))(bytes)
  }
  const asked = await get(file.width)
  if (E.isRight(asked) || asked.left.kind !== 'not-found' || file.width === TILE_WIDTH) return asked
  const full = await get(TILE_WIDTH)
  if (E.isRight(full) || full.left.kind !== 'not-found') return full
  const newer = await readCheckpoint(source, trust)()
  if (E.isLeft(newer)) return asked
  const width = widthIn(newer.right.size, file.kind === 'bundle' ? 0 : file.level, file.index)
  return width > file.width ? get(width) : asked
}

/** Runs so many at a time, in order, and gives what comes of them in that order. */
export async function* inOrder<A>(
  count: number,
  from: number,
  atOnce: () => number,
  run: (index: number) => Promise<A>,
): AsyncGenerator<A> {
  const running: Promise<A>[] = []
  let next = from
  for (;;) {
    while (next < count && running.length < Math.max(1, atOnce())) {
      const started = run(next++)
      // Who waits for it hears of its failure; until then nobody does.
      started.catch(() => undefined)
      running.push(started)
    }
    const first = running.shift()
    if (first === undefined) return
    yield await first
  }
}
