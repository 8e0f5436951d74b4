import type { ReversalReason } from '../events.ts'
import type { BookedBlock, Books } from './books.ts'

/** What is to be done so that every block's reward is shared if and only if the block is approved on the main chain. */
export type SettlementDue =
  /** `begun` is the number of the stream that holds some of its parts; null for a new one. */
  | { readonly kind: 'allocate'; readonly block: string; readonly begun: number | null }
  | {
      readonly kind: 'reverse'
      readonly block: string
      readonly settlement: number
      readonly why: ReversalReason
    }

/**
 * The settlements that are due, by the order in which the blocks were found: what was lost is taken back first. Says nothing of
 * the scheme: under `solo` nothing is shared. Asking again after doing it gives nothing.
 */
export function settlementsDue(books: Books): readonly SettlementDue[] {
  const due = [...books.blocks].flatMap(([block, booked]) => dueFor(block, booked))
  return [...due.filter(({ kind }) => kind === 'reverse'), ...due.filter(({ kind }) => kind === 'allocate')]
}

function dueFor(block: string, { phase, allocation, pending }: BookedBlock): readonly SettlementDue[] {
  const isEarned = phase === 'approved' || phase === 'matured'
  if (isEarned && allocation === null)
    return [{ kind: 'allocate', block, begun: pending?.settlement ?? null }]
  if (isEarned || allocation === null) return []
  const { settlement } = allocation
  return [
    {
      kind: 'reverse',
      block,
      settlement,
      why: phase === 'disapproved' ? 'disapproved' : 'disconnected',
    },
  ]
}
