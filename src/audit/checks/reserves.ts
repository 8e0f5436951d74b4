import type { Liabilities } from '../../../domain/bookkeeping/invariants.ts'
import { formatDcr } from '../../../domain/decred/amount.ts'
import type { Policy } from '../../../domain/policy.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import { TimeSeries } from '../time-series.ts'

const ATOMS_PER_DCR = 1e8

/** What was found of the pool's money on the chain. */
export interface ShownReserves {
  /** Outputs of the pool's coinbases and of its payouts' change that nothing has spent, atoms. */
  readonly unspent: bigint
  readonly outputs: number
  /** What accounts gave for payouts that are on the chain and not over in the ledger, atoms. */
  readonly paidAlready: bigint
}

/** A10: what is owed against what there is. */
export class ReservesCheck {
  readonly #report: CheckReport
  /** DCR that are immature, available, in payouts, the pool's fees, and its reserve. */
  readonly series = new TimeSeries(5)

  constructor(report: Report) {
    this.#report = reportOf('A10', report)
  }

  /** Notes what is owed after an event of money. */
  note(at: number, { immature, available, inPayout, fees, reserve }: Liabilities): void {
    this.series.add(
      at,
      [immature, available, inPayout, fees, reserve].map((atoms) => Number(atoms) / ATOMS_PER_DCR),
    )
  }

  /** Holds what is owed at the end against the reserve, and against the chain where that was asked. */
  end(owed: Liabilities, policy: Policy | undefined, shown: ShownReserves | null): void {
    const aside = policy?.scheme.kind === 'pps' ? BigInt(policy.scheme.reserve) : 0n
    if (owed.reserve + aside < 0n)
      this.#report.notice(
        'reserve-negative',
        null,
        `The pool's reserve is at ${formatDcr(owed.reserve)} DCR, with ${formatDcr(aside)} DCR that its policy says are put aside.`,
        'Nothing below zero: the operator owes the difference.',
      )
    if (shown === null) return
    const miners = owed.immature + owed.available + owed.inPayout - shown.paidAlready
    if (shown.unspent < miners)
      this.#report.wrong(
        'not-covered',
        null,
        `${formatDcr(miners)} DCR are owed to miners, and ${shown.outputs} outputs of the chain that the ledger names hold ${formatDcr(shown.unspent)} DCR.`,
        'As much as is owed, in coinbases of the pool and change of its payouts.',
      )
  }
}
