import type { Problem } from './problems.ts'

/** Whether payouts that are signed may go out: not before the public ledger shows that they are. */
export interface PayoutPublicity {
  /** Whether the signing of a payout is under a checkpoint: all that is booked when it is looked at first has to be. */
  readonly isPublic: (payout: number) => boolean
  /** Why one that is not has waited for so long; null while it has not. */
  readonly whySecret: (payout: number) => Problem | null
  /** A payout is over. */
  readonly forget: (payout: number) => void
}

/** Whom it asks and tells. */
export interface PayoutPublicityOptions {
  /** Position in the log of what is booked last. */
  readonly position: () => number
  /** Null when everything up to a position of the log is under a signed checkpoint; otherwise resolves once it is. */
  readonly untilSigned: (position: number) => Promise<void> | null
  /** What has waited may go out. */
  readonly onPublic: () => void
  readonly nowMs: () => number
}

/**
 * A checkpoint comes within a minute, however `ledger.checkpoint_ms_max` is set; a payout that waits for one longer than this is a
 * problem.
 */
const PUBLIC_MS_MAX = 90_000

/** Begins with nothing that waits. */
export function openPayoutPublicity(options: PayoutPublicityOptions): PayoutPublicity {
  const { nowMs } = options
  /** Signed payouts that were looked at, by number. */
  const looked = new Map<number, { readonly sinceMs: number; isPublic: boolean }>()

  function isPublic(payout: number): boolean {
    const before = looked.get(payout)
    if (before !== undefined) return before.isPublic
    const signed = options.untilSigned(options.position())
    const waits = { sinceMs: nowMs(), isPublic: signed === null }
    looked.set(payout, waits)
    void signed?.then(() => {
      waits.isPublic = true
      options.onPublic()
    })
    return waits.isPublic
  }

  function whySecret(payout: number): Problem | null {
    const sinceMs = looked.get(payout)?.sinceMs ?? 0
    return nowMs() - sinceMs < PUBLIC_MS_MAX
      ? null
      : {
          kind: 'not-public',
          message:
            `Payout ${payout} is signed and waits: no signed checkpoint of the public ledger holds it yet. It goes out by itself as soon as one ` +
            'does. See what keeps the ledger from being signed.',
        }
  }

  return { isPublic, whySecret, forget: (payout) => void looked.delete(payout) }
}
