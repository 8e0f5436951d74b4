import type { Readable } from 'node:stream'
import type { Either } from 'fp-ts/lib/Either.js'
import type { AdminWay, LogLevel, RejectReason } from '../../../domain/events.ts'
import type { AdminOrder } from './order.ts'

/**
 * All that an administrator can see and do beyond what everybody can. One object behind the pages and the control socket: what one way
 * can do the other can.
 */
export interface Administration {
  /** Writes down what is ordered, then does it. Right: a sentence that says what was done. */
  readonly order: (order: AdminOrder, way: AdminWay) => Promise<Either<AdminRefusal, string>>
  /** Everything is read when it is asked for. */
  readonly connections: () => readonly LiveConnection[]
  readonly bans: () => readonly Ban[]
  readonly backups: () => BackupStatus
  /** A finished backup by the name it is listed under. Undefined when there is none of that name. */
  readonly openBackup: (name: string) => OpenBackup | undefined
  readonly machine: () => MachineStatus
  /** Comes in by the pages: a login that was right, or the end of one. Right when it is written down. */
  readonly entered: (act: 'log-in' | 'log-out') => Promise<Either<AdminRefusal, void>>
}

/** Why an order was not carried out. `message` is a sentence for the administrator. */
export interface AdminRefusal {
  readonly kind: /** The order makes no sense as things are. */
    | 'impossible'
    /** It could not be written down, so it was not done. */
    | 'not-recorded'
    /** It was tried, and failed. */
    | 'failed'
  readonly message: string
}

/** A miner's open socket, with what was refused on it. Its address is for administrators only. Times are Unix ms. */
export interface LiveConnection {
  /** n of the stream `connection-<gateway>.<n>`; null while the log does not have it. */
  readonly number: number | null
  readonly address: string
  readonly listener: string
  /** As the miner names itself, printable. */
  readonly agent: string
  readonly connectedAt: number
  /** When it sent something last. */
  readonly heardAt: number
  readonly isMining: boolean
  readonly workers: readonly { readonly account: string; readonly user: string }[]
  /** Null before it has work. */
  readonly difficulty: number | null
  readonly accepted: number
  /** Shares, most refused first. */
  readonly rejected: readonly { readonly reason: RejectReason; readonly count: number }[]
  /** What it was told when something was refused last, be it a share or a login; null when nothing was. */
  readonly refusal: string | null
}

/** Who may not mine here. Times are Unix ms; `until` null for ever. */
export type Ban = {
  readonly since: number
  readonly until: number | null
} & (
  | {
      readonly kind: 'account'
      readonly account: string /** Null when only the id is known. */
      readonly address: string | null
    }
  /** An IP address or a range of them, `203.0.113.0/24`. */
  | { readonly kind: 'address'; readonly range: string }
)

/** Backups of the store, made by the pool. */
export interface BackupStatus {
  readonly directory: string
  /** Milliseconds between two; null when they are made by hand alone. */
  readonly everyMs: number | null
  /** What is being done now; null between two. */
  readonly doing: string | null
  /** Why the latest one failed; null when it did not. */
  readonly failure: { readonly at: number; readonly message: string } | null
  /** Newest first. */
  readonly backups: readonly BackupFigures[]
}

/** What a finished backup holds, as it was verified. */
export interface BackupFigures {
  /** Of its file, in the directory of backups. */
  readonly name: string
  /** Unix ms. */
  readonly madeAt: number
  readonly bytes: number
  /** Of the file. */
  readonly sha256: string
  readonly events: number
  /** Time of the last event, Unix ms. */
  readonly lastAt: number | null
}

/** A backup on its way out. */
export interface OpenBackup {
  readonly figures: BackupFigures
  readonly bytes: Readable
}

/** How the program itself is set and doing. */
export interface MachineStatus {
  readonly store: string
  readonly logLevel: LogLevel
  /** Every key of the configuration, no secret among them. */
  readonly settings: readonly { readonly key: string; readonly value: string; readonly from: string }[]
  readonly rebuilding: boolean
  /** Logins since the start. */
  readonly logins: { readonly right: number; readonly wrong: number; readonly limited: number }
}
