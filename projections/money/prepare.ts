import type { PoolEvent } from '../../domain/events.ts'
import type { StreamName } from '../../domain/stream-name.ts'
import type { Tally } from '../tally.ts'
import { accountsAtWork } from './open-work.ts'
import { recallBlock, recallHolders, sharersOf } from './recall.ts'

/** Miners that are brought in between two yields: some four milliseconds. */
const HOLDERS_MAX = 1_000

/**
 * Brings in the miners that an event touches, in slices: of ten thousand that takes as long as booking it. The fold would do it, too, in one
 * go. What comes to be stored and let go in between is brought in again there.
 */
export function* prepareMoney(tally: Tally, stream: StreamName, event: PoolEvent): Generator<void, void> {
  const accounts = touched(tally, stream, event)
  for (let i = 0; i < accounts.length; i += HOLDERS_MAX) {
    recallHolders(tally, accounts.slice(i, i + HOLDERS_MAX))
    yield
  }
}

/** Of the events that may touch more than the 500 of one transaction. */
function touched(tally: Tally, stream: StreamName, { type, data }: PoolEvent): readonly string[] {
  const { blocks } = tally.money.books
  switch (type) {
    case 'RewardAllocated': {
      if (data.part < data.parts) return []
      recallBlock(tally, data.block)
      const before = blocks.get(data.block)?.pending?.parts ?? []
      return [...before, data].flatMap(({ account }) => account)
    }
    case 'RewardReversed':
      recallBlock(tally, data.block)
      return sharersOf(tally, blocks.get(data.block))
    case 'BlockMatured':
      if (stream.kind !== 'block') return []
      recallBlock(tally, stream.hash)
      return sharersOf(tally, blocks.get(stream.hash))
    case 'WorkSettled':
      return [...new Set(accountsAtWork(tally))]
    default:
      return []
  }
}
