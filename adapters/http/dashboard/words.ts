import type { RejectReason } from '../../../domain/events.ts'
import type { BlockState } from '../../../projections/views.ts'

/** Why a share was refused, for people. */
export const reasonWords: { readonly [R in RejectReason]: string } = {
  malformed: 'Malformed',
  'unknown-job': 'Unknown job',
  stale: 'Stale',
  duplicate: 'Duplicate',
  'low-difficulty': 'Low difficulty',
  'time-out-of-range': 'Time out of range',
  'foreign-extranonce': 'Foreign extranonce',
  'too-many': 'Too many at once',
  unauthorized: 'Not authorized',
  'not-subscribed': 'Not subscribed',
  'store-unavailable': 'Store was away',
}

/** A block's state for people. `tone` is how it is marked: under way, done, in doubt or lost. */
export const stateWords: { readonly [S in BlockState]: { readonly words: string; readonly tone: string } } = {
  found: { words: 'Found', tone: 'open' },
  submitted: { words: 'Submitted', tone: 'open' },
  rejected: { words: 'Refused by the node', tone: 'lost' },
  connected: { words: 'On the chain', tone: 'open' },
  approved: { words: 'Approved', tone: 'open' },
  disapproved: { words: 'Disapproved', tone: 'lost' },
  matured: { words: 'Matured', tone: 'done' },
  disconnected: { words: 'Off the chain', tone: 'doubt' },
  orphaned: { words: 'Orphaned', tone: 'lost' },
}
