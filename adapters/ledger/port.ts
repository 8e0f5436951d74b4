import type { TaskEither } from 'fp-ts/lib/TaskEither.js'

/** Why a file of a ledger can't be had or written. `message` is a sentence for people that says what to do. */
export interface LedgerError {
  readonly kind: /** It is not there. */
    | 'not-found'
    /** What is there is something else, such as a web page. */
    | 'not-a-ledger'
    /** Shorter or longer than its name says: cut off on the way, or while it was written. */
    | 'truncated'
    /** Larger than such a file can be. */
    | 'too-large'
    /** Not what the checkpoint promises. */
    | 'not-under-root'
    | 'timeout'
    /** The server answers with an error. */
    | 'refused'
    /** No server there, or the connection was lost. */
    | 'unreachable'
    /** It is said to be somewhere else. */
    | 'redirect'
    /** The disk, or a right. */
    | 'disk'
  readonly message: string
}

/** Where a published ledger can be read: a folder, or a web server. What it says is taken as it is; `reader.ts` checks it. */
export interface LedgerSource {
  /** As the user gave it: path or URL. */
  readonly name: string
  /** The signed note, UTF-8. */
  readonly checkpoint: () => TaskEither<LedgerError, Uint8Array>
  /** `width` hashes, packed. `not-found` where a partial tile was replaced by the full one. */
  readonly tile: (level: number, index: number, width: number) => TaskEither<LedgerError, Uint8Array>
  /** A bundle of `width` entries, encoded. `not-found` where a partial one was replaced by the full one. */
  readonly bundle: (index: number, width: number) => TaskEither<LedgerError, Uint8Array>
}

/** A ledger that is written here. */
export interface LedgerFolder extends LedgerSource {
  /**
   * Writes a file, or replaces it: readers see the old bytes or the new ones, and the new ones are on disk when this is done.
   * Write the checkpoint last, when all that it promises is done.
   */
  readonly write: (path: string, bytes: Uint8Array) => TaskEither<LedgerError, void>
  /** Removes the partial files of a tile or a bundle whose full file, at `path`, has taken their place. */
  readonly removePartial: (path: string) => TaskEither<LedgerError, void>
}
