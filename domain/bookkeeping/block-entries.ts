import * as E from 'fp-ts/lib/Either.js'
import { toAtoms } from '../decred/amount.ts'
import type { PoolEvent } from '../events.ts'
import { endRepayment } from './advances.ts'
import { eachGain } from './allocated.ts'
import type { BookedBlock, Books, BooksError } from './books.ts'
import { move, type Posting, post } from './ledger.ts'

/** Events of a block's stream. */
export type BlockEvent = Extract<
  PoolEvent,
  {
    readonly type:
      | 'BlockFound'
      | 'BlockSubmitted'
      | 'BlockConnected'
      | 'BlockDisconnected'
      | 'BlockApproved'
      | 'BlockDisapproved'
      | 'BlockMatured'
      | 'BlockOrphaned'
  }
>

/**
 * Books an event of a block's stream. Only maturity moves money: what is allocated becomes available. What a lost block takes back
 * is booked with its `RewardReversed`.
 */
export function bookBlockEvent(
  books: Books,
  hash: string,
  event: BlockEvent,
): E.Either<BooksError, readonly Posting[]> {
  if (event.type === 'BlockFound') {
    if (!books.blocks.has(hash)) books.blocks.set(hash, foundBlock(event.data.height))
    return E.right([])
  }
  const block = books.blocks.get(hash)
  if (block === undefined)
    return E.left({ kind: 'unknown-block', message: `Block ${hash} has no beginning in the log.` })
  switch (event.type) {
    case 'BlockSubmitted':
      return E.right([])
    case 'BlockConnected':
      block.phase = 'connected'
      block.reward = toAtoms(BigInt(event.data.reward.atoms))
      return E.right([])
    case 'BlockDisconnected':
      block.phase = 'disconnected'
      return E.right([])
    case 'BlockApproved':
      block.phase = 'approved'
      block.wasApproved = true
      return E.right([])
    case 'BlockDisapproved':
      block.phase = 'disapproved'
      return E.right([])
    case 'BlockOrphaned':
      block.phase = 'orphaned'
      return E.right([])
    case 'BlockMatured':
      block.phase = 'matured'
      return E.right(mature(books, hash, block))
  }
}

const foundBlock = (height: number): BookedBlock => ({
  height,
  phase: 'found',
  reward: null,
  wasApproved: false,
  allocation: null,
  pending: null,
  takenBack: null,
})

function mature(books: Books, hash: string, block: BookedBlock): readonly Posting[] {
  const { allocation } = block
  if (allocation === null || allocation.stage === 'available') return []
  const postings: Posting[] = []
  for (const { at, atoms } of eachGain(books.names, allocation)) {
    const repaid = endRepayment(books.advances, at('available'), hash, 'certain')
    postings.push(...move(atoms - repaid, at('immature'), at('available')))
  }
  post(books.balances, postings)
  allocation.stage = 'available'
  return postings
}
