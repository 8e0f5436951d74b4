import { getNextSnapshot, setup } from 'xstate'
import type { PayoutMode, PoolEvent, ReturnReason } from '../events.ts'

/**
 * The life of one payout, which is one transaction. Every step is an event before it is taken, and can be taken again: what is
 * signed is in the log before it is published, so the same transaction goes out however often the process dies.
 */
export type PayoutPhase = 'planned' | 'approved' | 'signed' | 'published' | 'confirmed' | 'returned'

/** Events of a payout's stream. `PayoutPlanned` begins it. */
export type PayoutEvent = Extract<
  PoolEvent,
  {
    readonly type:
      | 'PayoutPlanned'
      | 'PayoutApproved'
      | 'PayoutSigned'
      | 'PayoutPublished'
      | 'PayoutConfirmed'
      | 'PayoutReturned'
  }
>

/** Those that lead from one phase to another. */
export type PayoutStepEvent = Exclude<PayoutEvent, { readonly type: 'PayoutPlanned' }>

/** Why a payout that is signed may be returned all the same. */
const PROVEN: ReadonlySet<ReturnReason> = new Set<ReturnReason>(['conflict', 'funding-lost'])

/** What the machine is told of them. */
type Signal =
  | { readonly type: Exclude<PayoutStepEvent['type'], 'PayoutReturned'> }
  | { readonly type: 'PayoutReturned'; readonly why: ReturnReason }

/** XState takes its types from values: this is one of them. */
const sample: { readonly events: Signal } = { events: { type: 'PayoutApproved' } }

/**
 * The phases and the events that lead from one to the next. A plan of `manual` mode begins as `planned`, one of `automatic` as
 * `approved`. `confirmed` and `returned` are for ever.
 *
 * ```
 * planned ─ PayoutApproved ▶ approved ─ PayoutSigned ▶ signed ─ PayoutPublished ▶ published ─ PayoutConfirmed ▶ confirmed
 *    └─────────────────────────┴─────────────────────────┴──────────────────────────┴──────── PayoutReturned ▶ returned
 * ```
 */
export const payoutMachine = setup({
  types: sample,
  guards: {
    /** Another transaction has the money for good, or it is no more: what is signed can't take it. */
    isProven: ({ event }) => event.type === 'PayoutReturned' && PROVEN.has(event.why),
    /** Nothing is signed that could take the money later. */
    isHarmless: ({ event }) => event.type === 'PayoutReturned' && !PROVEN.has(event.why),
  },
}).createMachine({
  id: 'payout',
  initial: 'planned',
  states: {
    planned: {
      on: {
        PayoutApproved: 'approved',
        PayoutReturned: { target: 'returned', guard: 'isHarmless' },
      },
    },
    approved: {
      on: { PayoutSigned: 'signed', PayoutReturned: { target: 'returned', guard: 'isHarmless' } },
    },
    signed: {
      on: { PayoutPublished: 'published', PayoutReturned: { target: 'returned', guard: 'isProven' } },
    },
    published: {
      on: { PayoutConfirmed: 'confirmed', PayoutReturned: { target: 'returned', guard: 'isProven' } },
    },
    confirmed: { type: 'final' },
    returned: { type: 'final' },
  },
})

/** Phase that a plan begins in. */
export const firstPhase = (mode: PayoutMode): PayoutPhase => (mode === 'manual' ? 'planned' : 'approved')

/** Phase after an event; undefined when it can't happen in this one. */
export function phaseAfter(phase: PayoutPhase, event: PayoutStepEvent): PayoutPhase | undefined {
  const before = payoutMachine.resolveState({ value: phase })
  const signal: Signal =
    event.type === 'PayoutReturned' ? { type: event.type, why: event.data.why } : { type: event.type }
  return before.can(signal) ? getNextSnapshot(payoutMachine, before, signal).value : undefined
}

/** Says whether nothing more can happen to a payout. */
export const isOver = (phase: PayoutPhase): boolean => phase === 'confirmed' || phase === 'returned'
