/**
 * Milliseconds that times may go back within one stream: clocks are set, and a pool's is set back by no more in one go. Stated in
 * docs/ledger-spec.md.
 */
export const SKEW_MS_MAX = 60_000

/**
 * Milliseconds of the ledger's own time within which the pool does what is due: writes the block of a share that solved one, shares a
 * reward, takes one back, settles work. It takes seconds; what its last minutes leave open is not held against it.
 */
export const DUE_MS_MAX = 300_000

/**
 * The same where the one who does it is seen to work: whoever shares rewards does what is due in order, and a gateway records a block at
 * once.
 */
export const BUSY_DUE_MS_MAX = 60_000

/** Milliseconds that a time may be ahead of the auditor's own clock: that one is perhaps not set by anybody. Stated in docs/auditing.md. */
export const AHEAD_MS_MAX = 3_600_000

/** A time as sentences give it. */
export const timeText = (atMs: number): string => new Date(atMs).toISOString()

/** The ledger's own clock: what its entries say that time is, and when the pool was started last. */
export class LedgerClock {
  /** Latest time of any entry, Unix ms. */
  now = 0
  #startedAt = 0

  take(type: string, at: number): void {
    if (at > this.now) this.now = at
    if (type === 'GatewayJoined') this.#startedAt = at
    // A pool that issues work has started, whatever time it says that it did.
    else if (type === 'WorkIssued' || type === 'SharesAccepted')
      this.#startedAt = Math.min(this.#startedAt, at)
  }

  /**
   * Whether what was to be done since a time should be done by now. A pool that was away does it when it is back. `busyMs`: when the one
   * who does it was last seen at such work.
   */
  isOverdue(sinceMs: number, busyMs: number): boolean {
    return busyMs - sinceMs > BUSY_DUE_MS_MAX || this.now - Math.max(sinceMs, this.#startedAt) > DUE_MS_MAX
  }

  /** The same of what needs a node: `seenMs` is when the pool last had something new from one. */
  isOverdueByNode(sinceMs: number, seenMs: number): boolean {
    return seenMs - Math.max(sinceMs, this.#startedAt) > DUE_MS_MAX
  }
}
