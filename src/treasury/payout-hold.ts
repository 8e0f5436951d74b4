import type { LogCheck } from '../publisher/publisher.ts'
import type { Problem } from './problems.ts'

/** Why no payout may be planned or signed now. */
export interface PayoutHold extends Problem {
  readonly kind: 'log-unchecked' | 'log-unfit' | 'log-unknown'
  /** It passes by itself, soon after a start. */
  readonly passes: boolean
}

/**
 * A log that was put back from a backup does not know what was paid since, and would pay it again. The signed ledger does: nothing is
 * planned or signed before the log is known to hold all that was ever signed. Null: it does.
 */
export function payoutHold(check: LogCheck): PayoutHold | null {
  switch (check.kind) {
    case 'fits':
      return null
    case 'unchecked':
      return {
        kind: 'log-unchecked',
        passes: true,
        message:
          'Payouts wait until the log is held against the public ledger and its witnesses were asked, which takes a while after a start. Nothing is to be done.',
      }
    case 'unfit':
      return {
        kind: 'log-unfit',
        passes: false,
        message:
          'Nobody is paid: the log is not the one that the public ledger was signed for, so it may not know what was paid already. ' +
          'Stop the pool, move the log away, and restore it from a backup and the ledger: ' +
          `lodebook restore <backup> --ledger <folder or URL of the ledger>. (${check.message})`,
      }
    case 'unknown':
      return {
        kind: 'log-unknown',
        passes: false,
        message:
          'Nobody is paid: whether the log holds all that was signed, and so knows all that was paid, could not be looked at. ' +
          `Mend what has stopped the public ledger, then restart the pool. (${check.message})`,
      }
  }
}
