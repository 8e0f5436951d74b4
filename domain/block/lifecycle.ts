import { setup } from 'xstate'
import { type EventData, event, type PoolEvent } from '../events.ts'

/**
 * The life of a block that the pool found, from the share that solved it to maturity or to the end of hope.
 *
 * The chain is asked where the block stands (`BlockObservation`) whenever something may have changed, and `decideBlock` says
 * which events bring the record up to that. A notification that never came can't strand a block: the next question answers.
 */
export type BlockPhase =
  | 'found'
  | 'connected'
  | 'approved'
  | 'disapproved'
  | 'disconnected'
  | 'matured'
  | 'orphaned'

/**
 * The phases and the events that lead from one to the next. `orphaned` is for ever; `matured` is as long as no reorganisation is deeper
 * than maturity, as may be on a test network whose maturity is small.
 */
export const blockMachine = setup({
  types: { events: {} as { readonly type: BlockEventType } },
}).createMachine({
  id: 'block',
  initial: 'found',
  states: {
    found: { on: { BlockConnected: 'connected', BlockOrphaned: 'orphaned' } },
    connected: {
      on: {
        BlockApproved: 'approved',
        BlockDisapproved: 'disapproved',
        BlockDisconnected: 'disconnected',
      },
    },
    approved: {
      on: {
        BlockMatured: 'matured',
        /** A reorganisation of one gave the block another child. */
        BlockApproved: 'approved',
        BlockDisapproved: 'disapproved',
        BlockDisconnected: 'disconnected',
      },
    },
    disapproved: {
      on: {
        BlockApproved: 'approved',
        BlockDisapproved: 'disapproved',
        BlockDisconnected: 'disconnected',
      },
    },
    disconnected: { on: { BlockConnected: 'connected', BlockOrphaned: 'orphaned' } },
    matured: {
      on: {
        BlockApproved: 'approved',
        BlockDisapproved: 'disapproved',
        BlockDisconnected: 'disconnected',
      },
    },
    orphaned: { type: 'final' },
  },
})

const PHASE_AFTER = {
  BlockConnected: 'connected',
  BlockDisconnected: 'disconnected',
  BlockApproved: 'approved',
  BlockDisapproved: 'disapproved',
  BlockMatured: 'matured',
  BlockOrphaned: 'orphaned',
} as const satisfies { readonly [type: string]: BlockPhase }

/** Events that change the phase of a block. */
export type BlockEventType = keyof typeof PHASE_AFTER

/** Whether an event changes the phase of a block. */
export const changesPhase = (type: string): type is BlockEventType => Object.hasOwn(PHASE_AFTER, type)

/** The phase that an event leads to, whatever came before; undefined for one that changes none. `BlockFound` begins the first. */
export const phaseAfterBlock = (type: string): BlockPhase | undefined =>
  type === 'BlockFound' ? 'found' : changesPhase(type) ? PHASE_AFTER[type] : undefined

/** What is known of a block, folded from its stream. */
export interface BlockRecord {
  /** Display hash of the block whose votes decided; null while undecided. */
  readonly decidedBy: string | null
  /** Every node that was asked refused it; none failed to answer. */
  readonly refusedByAll: boolean
}

/** Where the chain says the block stands. All of it is told by one node, of one chain. */
export interface BlockObservation {
  /** 1 for the tip; 0 when the node does not know the block or has it on a side chain. */
  readonly confirmations: number
  /** The node knows the block at all. */
  readonly known: boolean
  /**
   * Blocks of the main chain that stand in its place: another one of its height, and those after it. 0 while there is none: a node that
   * has not come so far does not know the block either, so that it is not on the chain says nothing.
   */
  readonly displacedBy: number
  /** The next block of the main chain, and whether its votes approve of this one (bit 0 of its vote bits). */
  readonly next: { readonly hash: string; readonly approves: boolean } | null
  /** Proof-of-work output of the coinbase; null unless the block is on the main chain. */
  readonly reward: EventData<'BlockConnected'>['reward'] | null
}

/**
 * The events that bring a block's record up to what the chain says. Empty when it is up to date, so that asking twice is the
 * same as asking once.
 *
 * A block matures when its coinbase may be spent in the next block (confirmations > coinbase maturity, as dcrwallet counts), and is
 * given up when another one in its place is as deep. It has left the chain only when another one is in its place.
 */
export function decideBlock(
  phase: BlockPhase,
  record: BlockRecord,
  seen: BlockObservation,
  coinbaseMaturity: number,
  at: number,
): readonly PoolEvent[] {
  const events: PoolEvent[] = []
  let now = phase
  if (now === 'orphaned') return events
  const onChain = seen.confirmations > 0
  if (!onChain) {
    if (seen.displacedBy === 0) return events
    if (now !== 'found' && now !== 'disconnected') {
      events.push(event('BlockDisconnected', { v: 1, at }))
      now = 'disconnected'
    }
    if (seen.displacedBy > coinbaseMaturity)
      events.push(event('BlockOrphaned', { v: 1, at, why: whyGivenUp(record, seen) }))
    return events
  }
  if (now === 'found' || now === 'disconnected') {
    if (seen.reward === null) return events
    events.push(event('BlockConnected', { v: 1, at, reward: seen.reward }))
    now = 'connected'
  }
  if (seen.next !== null && (now === 'connected' || record.decidedBy !== seen.next.hash)) {
    const { hash: by, approves } = seen.next
    events.push(
      approves ? event('BlockApproved', { v: 1, at, by }) : event('BlockDisapproved', { v: 1, at, by }),
    )
    now = approves ? 'approved' : 'disapproved'
  }
  if (now === 'approved' && seen.confirmations > coinbaseMaturity)
    events.push(event('BlockMatured', { v: 1, at, confirmations: seen.confirmations }))
  return events
}

const whyGivenUp = ({ refusedByAll }: BlockRecord, { known }: BlockObservation): string =>
  refusedByAll && !known ? 'refused by every node' : 'another block of its height is deep enough'
