import { formatDcr } from '../../../domain/decred/amount.ts'
import type { Scheme } from '../../../domain/events.ts'
import type {
  EarningState,
  LineKind,
  NextPayout,
  PaymentSummary,
  PolicyView,
} from '../../../projections/money/views.ts'
import { absoluteTime, counted, duration, type Html, integer, quantity } from './format.ts'

/** Atoms, given as decimal text, as DCR with all decimals and the atoms on hover. */
export const dcr = (atoms: string): Html =>
  quantity({ number: formatDcr(BigInt(atoms)), unit: 'DCR' }, `${integer(atoms)} atoms`)

/** Millionths as percent, exact: `1 %`, `0.25 %`. */
export const ppm = (parts: number): string => `${parts / 10_000} %`

/** A scheme's name, and whom it pays, in a sentence. */
export function schemeWords(scheme: Scheme): { readonly name: string; readonly says: string } {
  switch (scheme.kind) {
    case 'pplns':
      return {
        name: 'PPLNS',
        says: `A block is shared by the last work, ${scheme.windowPpm / 1e6} times what one takes on average.`,
      }
    case 'pplns-time':
      return {
        name: 'PPLNS by time',
        says: `A block is shared by the work of ${duration(scheme.periodMs)} before it.`,
      }
    case 'pps':
      return { name: 'PPS', says: 'Every share is paid for at once, whatever the pool finds.' }
    case 'prop':
      return { name: 'Proportional', says: 'A block is shared by the work since the one before.' }
    case 'solo':
      return { name: 'Solo', says: 'Rewards stay with the operator.' }
  }
}

/** When the next payout is planned: `at block 1,042,400`. */
export function nextPayoutWords(
  { payoutSchedule: schedule }: PolicyView,
  { atHeight, at }: NextPayout,
): string {
  if (atHeight !== null) return `at block ${atHeight}`
  if (at !== null) return `at ${absoluteTime(at)}`
  return schedule.kind === 'blocks' ? `every ${counted(schedule.every, 'block')}` : 'every day'
}

/** Why a payout's money went back, for people. */
export const returnWords: { readonly [R in NonNullable<PaymentSummary['why']>]: string } = {
  rejected: 'The operator refused the plan: its money went back to its miners.',
  'funding-gone': 'What was to fund it was spent by something else: its money went back to its miners.',
  conflict: 'Another transaction spent the same money first: its money went back to its miners.',
  'funding-lost':
    'A reward that it was to spend is of a block that the chain has given up: its money went back to its miners.',
}

/** What a line of a statement tells of, for people. */
export const lineWords: { readonly [K in LineKind]: string } = {
  earned: 'Earned by a block',
  restored: 'A lost block came back, less what the reserve had advanced',
  matured: 'A block matured',
  reversed: 'A block was lost',
  credited: 'Shares paid for',
  planned: 'Put in a payout',
  returned: 'Payout taken back',
  paid: 'Paid',
}

/** How something is marked: see `stateWords`. */
interface Marked {
  readonly words: string
  readonly tone: 'open' | 'done' | 'doubt' | 'lost'
}

/** A payout's phase for people. */
export const phaseWords: { readonly [P in PaymentSummary['phase']]: Marked } = {
  planned: { words: 'Waits for the operator', tone: 'doubt' },
  approved: { words: 'Planned', tone: 'open' },
  signed: { words: 'Signed', tone: 'open' },
  published: { words: 'On its way', tone: 'open' },
  confirmed: { words: 'Paid', tone: 'done' },
  returned: { words: 'Taken back', tone: 'lost' },
}

/** What became of a shared reward, for people. */
export const earningWords: { readonly [S in EarningState]: Marked } = {
  immature: { words: 'Immature', tone: 'open' },
  available: { words: 'Can be paid', tone: 'done' },
  reversed: { words: 'Taken back', tone: 'lost' },
}
