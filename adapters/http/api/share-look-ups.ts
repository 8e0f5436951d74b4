import * as E from 'fp-ts/lib/Either.js'
import type { ReceiptError } from '../../ledger/share-receipt.ts'
import type { RateLimit } from '../rate-limit.ts'
import { takeTurns } from '../turns.ts'

/** Looks for shares in the ledger, each in its turn. */
export type LookUps = <T>(
  look: () => Promise<E.Either<ReceiptError, T>>,
) => Promise<E.Either<ReceiptError, T>>

/** Those that wait: most take a fiftieth of a second, the longest about one. */
const WAITING_MAX = 32

/** Searches through the ledger by one visitor: each reads 50 MB at most, which takes the miners' thread a second. */
export const SEARCH_LIMIT: RateLimit = { burst: 20, perSecond: 1 / 2 }

/** One look at a time: bundles are read on the miners' thread, and many looks at once would leave the miners little of it. */
export function shareLookUps(): LookUps {
  const inTurn = takeTurns(1, WAITING_MAX)
  return async (look) => (await inTurn(look)) ?? busy
}

const busy = E.left<ReceiptError>({
  kind: 'unavailable',
  message: 'Many others look for shares at the moment. Try again in a few seconds.',
})
