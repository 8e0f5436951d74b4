import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { displacedBy } from '../../adapters/node/displaced.ts'
import type { BlockInfo, ChainView } from '../../adapters/node/port.ts'
import type { BlockObservation } from '../../domain/block/lifecycle.ts'
import { decodeBlock, workReward } from '../../domain/decred/block.ts'
import { headerHeight, headerVoteBits } from '../../domain/decred/header.ts'
import { transactionId } from '../../domain/decred/transaction.ts'
import type { EventData } from '../../domain/events.ts'

type Reward = EventData<'BlockConnected'>['reward']

/** A block that is asked after. */
export interface AskedBlock {
  /** Display hex. */
  readonly hash: string
  /** 180 bytes. */
  readonly header: Uint8Array
}

/**
 * Asks where a chain has a block; null when its node can't say now. `isNew`: it is not known to be on the chain, so that what it pays is
 * asked as well if it is.
 */
export async function observeBlock(
  chain: ChainView,
  { hash, header }: AskedBlock,
  isNew: boolean,
  log: Logger,
): Promise<BlockObservation | null> {
  const info = await chain.block(hash)()
  if (E.isLeft(info) && info.left.kind !== 'not-found') return null
  if (E.isRight(info) && info.right.confirmations > 0) return observeOnChain(chain, info.right, isNew, log)
  const displaced = await displacedBy(chain, hash, headerHeight(header))()
  if (E.isLeft(displaced)) return null
  return {
    known: E.isRight(info),
    confirmations: 0,
    displacedBy: displaced.right,
    next: null,
    reward: null,
  }
}

async function observeOnChain(
  chain: ChainView,
  { hash, confirmations, next }: BlockInfo,
  isNew: boolean,
  log: Logger,
): Promise<BlockObservation | null> {
  const reward = isNew ? await rewardOf(chain, hash, log) : null
  if (isNew && reward === null) return null
  const after = next === null ? null : await chain.block(next)()
  if (after !== null && E.isLeft(after)) return null
  return {
    known: true,
    confirmations,
    displacedBy: 0,
    next:
      after === null
        ? null
        : { hash: after.right.hash, approves: (headerVoteBits(after.right.header) & 1) === 1 },
    reward,
  }
}

async function rewardOf(chain: ChainView, hash: string, log: Logger): Promise<Reward | null> {
  const raw = await chain.rawBlock(hash)()
  if (E.isLeft(raw)) return null
  const block = decodeBlock(raw.right)
  if (E.isLeft(block)) {
    log.error({ block: hash }, block.left.message)
    return null
  }
  const reward = workReward(block.right)
  if (E.isRight(reward)) return { ...reward.right, atoms: String(reward.right.atoms) }
  const [coinbase] = block.right.transactions
  if (reward.left.kind === 'too-early' && coinbase !== undefined)
    return { transaction: transactionId(coinbase), output: 0, atoms: '0' }
  log.error({ block: hash }, reward.left.message)
  return null
}
