import type { Actor } from 'xstate'
import type { SubmitVerdict } from '../../adapters/node/port.ts'
import type { BlockPhase, BlockRecord, blockMachine } from '../../domain/block/lifecycle.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import type { StreamWriter } from '../journal.ts'

/** A block that is neither matured nor given up, with the actor that holds its phase. */
export interface WatchedBlock {
  readonly hash: string
  readonly header: Uint8Array
  readonly powAlgorithm: PowAlgorithm
  readonly stream: StreamWriter
  readonly actor: Actor<typeof blockMachine>
  /** What each node said last when the block was sent to it. */
  readonly verdicts: Map<string, SubmitVerdict['verdict']>
  decidedBy: BlockRecord['decidedBy']
  /** Work on this block, one piece after the other. */
  queue: Promise<void>
  /** A question to the chain is in the queue already. */
  asked: boolean
}

/** What a decision about a block needs beside its phase. */
export const recordOf = (block: WatchedBlock): BlockRecord => ({
  decidedBy: block.decidedBy,
  refusedByAll: isRefusedByAll(block),
})

/** Whether any node took the block. */
export const isAccepted = ({ verdicts }: WatchedBlock): boolean => [...verdicts.values()].includes('accepted')

/** Whether the block was sent, and no node took it. */
export const isRefusedByAll = ({ verdicts }: WatchedBlock): boolean =>
  verdicts.size > 0 && [...verdicts.values()].every((verdict) => verdict === 'rejected')

/** Phase of a block by its state in the read models, which tell more apart. */
export const phaseOf = (state: BlockPhase | 'submitted' | 'rejected'): BlockPhase =>
  state === 'submitted' || state === 'rejected' ? 'found' : state
