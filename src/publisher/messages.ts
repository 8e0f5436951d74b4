import type { LoggedEvent } from '../../domain/transparency/entry.ts'
import type { LedgerFault, WrittenCheckpoint } from './ledger-writer.ts'

/** What passes between the thread that serves the miners and the one that writes the ledger. */

/** What the writing thread is started with: copies without functions. */
export interface WriterData {
  readonly folder: string
  readonly origin: string
  /** Texts of the signing keys. */
  readonly keys: readonly string[]
  readonly signed: WrittenCheckpoint | null
  readonly checkpointMsMax: number
}

/** To the writing thread. */
export type ToWriter =
  /** The next events, up to a position of the log; answered with `taken`. */
  | { readonly kind: 'events'; readonly events: readonly LoggedEvent[]; readonly position: number }
  /** The log has no more events now: what was signed before must be among those that it had. */
  | { readonly kind: 'end-of-log' }
  /** The log was checked, and no witness is against it: from now on it is signed. */
  | { readonly kind: 'begin' }
  /** A line of a signature by a witness, for the checkpoint with this text. */
  | { readonly kind: 'cosigned'; readonly text: string; readonly line: string }
  /** Sign what there is, and end. */
  | { readonly kind: 'stop' }

/** From the writing thread. */
export type FromWriter =
  | { readonly kind: 'taken' }
  /** The log fits what was signed before. Nothing is signed before `begin`. */
  | { readonly kind: 'checked' }
  /**
   * Signed, on disk, to be shown, with all events up to a position of the log; null for the checkpoint of an earlier process. A witness's
   * signature makes it come again.
   */
  | { readonly kind: 'published'; readonly checkpoint: WrittenCheckpoint; readonly position: number | null }
  /** The disk fails, and is tried again; empty when it has passed. */
  | { readonly kind: 'trouble'; readonly message: string }
  /** Nothing is signed any more. */
  | { readonly kind: 'fault'; readonly fault: LedgerFault }
