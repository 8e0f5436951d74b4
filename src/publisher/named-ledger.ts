import * as E from 'fp-ts/lib/Either.js'
import { read } from '../../adapters/event-store/catalogue.ts'
import type { EventReader } from '../../adapters/event-store/port.ts'
import type { CheckpointTrust } from '../../domain/transparency/checkpoint.ts'
import { parseVerifierKey } from '../../domain/transparency/key.ts'

const PAGE = 1_000
const POOL_STREAM = 'pool'

/**
 * The ledger that a log names as its own, with all keys that it has named for it: what may be believed about it, and that there is one.
 * Null for a log that names none: nothing of it was ever signed. Left: why it can't be read.
 */
export async function namedLedger(store: EventReader): Promise<E.Either<string, CheckpointTrust | null>> {
  const keys: string[] = []
  let origin = ''
  for (let from = 0; ; from += PAGE) {
    const page = await store.readStream(POOL_STREAM, { from, direction: 'forwards', limit: PAGE })()
    if (E.isLeft(page)) return E.left(page.left.message)
    for (const recorded of page.right) {
      const decoded = read(recorded)
      if (E.isLeft(decoded) || decoded.right.type !== 'LedgerKeyAdopted') continue
      origin = decoded.right.data.origin
      keys.push(decoded.right.data.key)
    }
    if (page.right.length < PAGE) break
  }
  const parsed = keys.map(parseVerifierKey).flatMap((key) => (E.isRight(key) ? [key.right] : []))
  return E.right(
    parsed.length === 0
      ? null
      : { origin, keys: parsed.filter(({ name }) => name === origin), witnesses: [] },
  )
}
