import * as E from 'fp-ts/lib/Either.js'
import type { Observable } from 'rxjs'
import { hashrateOf, integer, percent } from '../../adapters/http/dashboard/format.ts'
import type { ReadModels } from '../../adapters/read-models/port.ts'
import { formatDcr } from '../../domain/decred/amount.ts'
import type { BlockState, BlockSummary, PoolView } from '../../projections/views.ts'
import { type MoneyNews, paidBy } from '../treasury/treasury.ts'
import { paint, print } from './terminal.ts'

/** Milliseconds between two lines about how it goes. */
const STATUS_EVERY_MS = 15_000

/** Says what happens in a pool, in lines for people, until the returned function is called. */
export function narrate(readModels: ReadModels): () => void {
  const states = new Map<string, BlockState>()
  const changes = readModels.changes.subscribe(({ blocks }) => {
    for (const hash of blocks) {
      const block = readModels.block(hash)
      if (E.isLeft(block) || block.right === undefined) continue
      const line = blockLine(block.right, states.get(hash))
      states.set(hash, block.right.state)
      if (line !== undefined) say(line)
    }
  })
  const timer = setInterval(() => {
    const pool = readModels.pool(Date.now())
    if (E.isRight(pool) && pool.right !== undefined) say(paint('dim', statusLine(pool.right)))
  }, STATUS_EVERY_MS)
  return () => {
    changes.unsubscribe()
    clearInterval(timer)
  }
}

const say = (line: string): void => print(`${paint('dim', new Date().toLocaleTimeString('en-GB'))}  ${line}`)

/** What to say about a block, if anything. `before` is its state when it was last looked at. */
export function blockLine(block: BlockSummary, before: BlockState | undefined): string | undefined {
  const { height, state, effort, finder, reward } = block
  const name = `Block ${height}`
  if (state === before) return undefined
  switch (state) {
    case 'found':
    case 'submitted':
    case 'connected':
      return before === undefined || before === 'disconnected'
        ? `${paint('green', name)} found by ${finder?.worker || 'a miner'} with ${percent(effort)} of the expected work`
        : undefined
    case 'approved':
      return undefined
    case 'matured':
      return `${name} is mature${reward === null ? '' : `: ${formatDcr(BigInt(reward.atoms))} DCR may be spent`}`
    case 'disapproved':
      return `${paint('yellow', name)} was disapproved by the votes of the next block: no reward`
    case 'disconnected':
      return `${paint('yellow', name)} left the main chain: another branch has more work`
    case 'rejected':
      return `${paint('yellow', name)} was not taken by the node`
    case 'orphaned':
      return `${paint('yellow', name)} is orphaned for good: no reward`
  }
}

/** Says what the treasury does, until the returned function is called. */
export function narrateMoney(news: Observable<MoneyNews>): () => void {
  const subscription = news.subscribe((each) => {
    const line = moneyLine(each)
    if (line !== undefined) say(line)
  })
  return () => subscription.unsubscribe()
}

/** What to say about money, if anything. */
export function moneyLine(news: MoneyNews): string | undefined {
  const { type, data } = news.event
  if (news.kind === 'settlement') {
    if (type === 'RewardAllocated')
      return `Block ${data.height} is shared: ${amount(BigInt(data.reward) - BigInt(data.fee))} DCR to ${miners(data.account.length)}`
    return type === 'RewardReversed'
      ? `${paint('yellow', 'A reward')} is taken back: its block was ${data.why}`
      : undefined
  }
  const { payout, plan } = news
  const what = `${paint('green', `Payout ${payout}`)}: ${amount(paidBy(plan))} DCR to ${miners(plan.address.length)}`
  if (type === 'PayoutPublished') return `${what}, on its way`
  if (type === 'PayoutConfirmed') return `${what}, confirmed`
  return type === 'PayoutReturned' ? `${what}, returned (${data.why})` : undefined
}

/** DCR as short as it goes. */
const amount = (atoms: bigint): string => formatDcr(atoms).replace(/\.?0+$/, '')

const miners = (count: number): string => `${count} ${count === 1 ? 'miner' : 'miners'}`

/** How the pool does, in one line. */
export function statusLine({ shares, hashrate, workers, work }: PoolView): string {
  const { number, unit } = hashrateOf(Number(hashrate.minute.hashesPerSecond))
  const parts = [
    `${integer(shares.accepted)} shares`,
    `${number} ${unit}`,
    `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    ...(work === null ? [] : [`work on block ${work.height}`]),
  ]
  return parts.join(', ')
}
