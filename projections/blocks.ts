import type { EventData, PoolEvent } from '../domain/events.ts'
import { settleDifficulty } from './meters.ts'
import type { BlockRow, PoolMark, SolvedRow, Tally } from './tally.ts'
import type { BlockState } from './views.ts'

/** States in which a block is on the main chain: it ended a round. A disapproved one was found all the same. */
export const ON_CHAIN: readonly BlockState[] = ['connected', 'approved', 'disapproved', 'matured']

/** States that are never left. */
export const FINAL: readonly BlockState[] = ['matured', 'orphaned']

/** Before the chain has said anything: only here do the nodes' verdicts count. */
const UNSEEN: readonly BlockState[] = ['found', 'submitted', 'rejected']

/** The pool's sums as they are now. */
export const poolMark = ({ total }: Tally): PoolMark => ({
  effort: total.effort,
  shares: total.accepted,
  difficulty: settleDifficulty(total),
})

/** Keeps a share that met the network's target until its block is in the log. */
export function keepSolved(tally: Tally, solved: SolvedRow): void {
  if (blockOf(tally, solved.hash) === undefined) tally.changes.solved.set(solved.hash, solved)
}

/** A block of the pool begins its life: with the work up to its share, or up to now when that was lost. */
export function foldBlockFound(tally: Tally, hash: string, data: EventData<'BlockFound'>): void {
  const { at: foundAt, height, header, powAlgorithm, share, gateway, job, connection, account, worker } = data
  const solved = tally.changes.solved.get(hash) ?? tally.stored.solved(hash)
  if (solved !== undefined) {
    tally.changes.solved.delete(hash)
    tally.changes.answered.push(hash)
  }
  put(tally, undefined, {
    hash,
    number: tally.entries,
    height,
    foundAt,
    header,
    powAlgorithm,
    gateway,
    job,
    share,
    connection,
    account,
    worker,
    mark: solved?.mark ?? poolMark(tally),
    state: 'found',
    revision: 0,
    reward: null,
    decidedBy: null,
  })
}

/** Folds an event that follows `BlockFound` in a block's stream. */
export function foldBlockStep(tally: Tally, hash: string, revision: number, event: PoolEvent): void {
  const block = blockOf(tally, hash)
  if (block !== undefined) put(tally, block, { ...block, ...newsOf(block, event), revision })
}

function newsOf(block: BlockRow, event: PoolEvent): Partial<BlockRow> {
  switch (event.type) {
    case 'BlockSubmitted':
      return { state: afterVerdict(block.state, event.data.verdict) }
    case 'BlockConnected':
      return { state: 'connected', reward: event.data.reward, decidedBy: null }
    case 'BlockDisconnected':
      return { state: 'disconnected', decidedBy: null }
    case 'BlockApproved':
      return { state: 'approved', decidedBy: event.data.by }
    case 'BlockDisapproved':
      return { state: 'disapproved', decidedBy: event.data.by }
    case 'BlockMatured':
      return { state: 'matured' }
    case 'BlockOrphaned':
      return { state: 'orphaned' }
    default:
      return {}
  }
}

/** One node that takes the block is enough, whatever the others say; a node that failed said nothing. */
function afterVerdict(state: BlockState, verdict: EventData<'BlockSubmitted'>['verdict']): BlockState {
  if (!UNSEEN.includes(state) || verdict === 'failed') return state
  if (verdict === 'accepted') return 'submitted'
  return state === 'found' ? 'rejected' : state
}

const blockOf = (tally: Tally, hash: string): BlockRow | undefined =>
  tally.changes.blocks.get(hash) ?? tally.stored.block(hash)

function put(tally: Tally, before: BlockRow | undefined, after: BlockRow): void {
  tally.changes.blocks.set(after.hash, after)
  if (before?.state === after.state) return
  if (before !== undefined) countState(tally, before.state, -1)
  countState(tally, after.state, 1)
}

function countState(tally: Tally, state: BlockState, by: number): void {
  tally.changes.blockCounts.set(state, (tally.changes.blockCounts.get(state) ?? 0) + by)
}
