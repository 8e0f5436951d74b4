import * as E from 'fp-ts/lib/Either.js'
import { displacedBy } from '../../adapters/node/displaced.ts'
import type { ChainView } from '../../adapters/node/port.ts'
import type { BlockPhase } from '../../domain/block/lifecycle.ts'
import type { Unspent } from '../../domain/payout/funding.ts'
import type { MissingReward } from '../../domain/payout/next-step.ts'
import type { Records } from './records.ts'
import type { Spends, SpendsError } from './spends.ts'

const GONE: ReadonlySet<BlockPhase> = new Set<BlockPhase>(['disconnected', 'orphaned'])

/**
 * Looks among the funding of a payout for a reward that is not there: all blocks of the pool that pay it have left the chain, and the chain
 * shows another block in their place that does not pay it. Blocks made of one template have one coinbase, also one that somebody else
 * made. Null when there is none, or none is shown: that a block is not seen shows nothing.
 */
export async function missingReward(
  chain: ChainView,
  records: Records,
  spends: Spends,
  funding: readonly Unspent[],
): Promise<E.Either<SpendsError, MissingReward | null>> {
  for (const { transaction } of funding) {
    const missing = await missingOf(chain, records, spends, transaction)
    if (E.isLeft(missing) || missing.right !== null) return missing
  }
  return E.right(null)
}

async function missingOf(
  chain: ChainView,
  { books, paidIn }: Records,
  spends: Spends,
  transaction: string,
): Promise<E.Either<SpendsError, MissingReward | null>> {
  const blocks = (paidIn.get(transaction) ?? []).flatMap((hash) => {
    const block = books.blocks.get(hash)
    return block === undefined ? [] : [{ hash, ...block }]
  })
  const [first] = blocks
  if (first === undefined || !blocks.every(({ phase }) => GONE.has(phase))) return E.right(null)
  const depth = await displacedBy(chain, first.hash, first.height)()
  if (E.isLeft(depth) || depth.right === 0) return E.map(() => null)(depth)
  const there = await chain.hashAt(first.height)()
  if (E.isLeft(there)) return there
  const isPaid = await spends.isIn(chain, there.right, transaction)
  if (E.isLeft(isPaid)) return isPaid
  return E.right(
    isPaid.right
      ? null
      : {
          transaction,
          block: first.hash,
          displacedBy: depth.right,
          isGivenUp: blocks.every(({ phase }) => phase === 'orphaned'),
        },
  )
}
