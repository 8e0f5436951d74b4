import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { UnresolvedShare } from './share-records.ts'

/** Why the log can't be booked any further. Whoever finds it writes no money event more. `message` is for the operator. */
export type RecordsFault =
  | { readonly kind: 'unreadable' | 'books'; readonly message: string }
  /** A share names work or a worker that was not read. Where reading began in the middle of the log, it stands before that. */
  | (UnresolvedShare & { readonly message: string })

/** A share that can't be resolved, as a fault. */
export const unresolvedFault = (recorded: RecordedEvent, share: UnresolvedShare): RecordsFault => ({
  ...share,
  message: `${placeText(recorded)}: a share names work or a worker that the log does not hold before it.`,
})

/** An event and its place, for people. */
export const placeText = ({ stream, revision, type }: RecordedEvent): string =>
  `${type} ${stream}@${revision}`
