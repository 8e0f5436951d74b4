/**
 * The columns of one `SharesAccepted`, packed: a share is the same index in all of them. No pool has 2^32 connections or jobs, and no
 * event reaches over 2^32 ms; a difficulty may be any integer within 2^53, which a double holds.
 */
export interface ShareColumns {
  readonly count: number
  readonly connection: Uint32Array
  readonly worker: Uint32Array
  readonly job: Uint32Array
  readonly difficulty: Float64Array
  /** Milliseconds after the event's `at`. */
  readonly elapsed: Uint32Array
  /** Seconds after the job's timestamp. */
  readonly ntime: Uint32Array
  readonly nonce: Uint32Array
  /** Bytes of every extranonce2, one after another. */
  readonly extranonce2: Uint8Array
  /** Where the extranonce2 of a share begins; one more at the end. */
  readonly extranonceStart: Uint32Array
  readonly solved: readonly { readonly share: number; readonly hash: string }[]
}

/** Shares of one entry at most: at 30 bytes each they fill an entry of 65,535. */
export const SHARES_MAX = 2_184
