import type { AdoptedPolicy } from '../../../domain/policy.ts'
import type { CheckReport } from '../finding.ts'

/** A fee in force, from a number of shares of the scheme on. */
interface Step {
  readonly shares: number
  readonly adopted: AdoptedPolicy
}

/** A reward that a policy shared among shares most of which came under lower fees. */
interface Raised {
  readonly entry: number
  readonly height: number
  readonly by: AdoptedPolicy
  /** Shares of its window, and those that came under a lower fee. */
  readonly shares: number
  readonly lower: number
}

/**
 * The fees under which the shares of one scheme came. A reward goes by the fee that was in force at its find, so an operator could raise it
 * for the finds alone. No rule forbids that, and every rise shares some rewards so: told is a rise that was over before as many shares had
 * come as the window holds that it took from.
 */
export class RaisedFees {
  readonly #report: CheckReport
  readonly #steps: Step[] = []
  /** The first reward of each policy that raised its fee, until it is told, by the policy's revision. */
  readonly #raised = new Map<number, Raised>()
  readonly #told = new Set<number>()

  constructor(report: CheckReport) {
    this.#report = report
  }

  /** Takes a policy that was adopted after so many shares. */
  adopted(shares: number, adopted: AdoptedPolicy): void {
    this.#steps.push({ shares, adopted })
    for (const raised of this.#raised.values()) this.#tell(raised)
  }

  /** Takes a reward that was shared by a policy among the shares from one ordinal to another, both included. */
  shared(entry: number, height: number, by: AdoptedPolicy, from: number, to: number): void {
    if (this.#told.has(by.revision) || this.#raised.has(by.revision)) return
    const shares = to + 1 - from
    const lower = this.#sharesBelow(by.policy.feePpm, from, to)
    if (2 * lower <= shares) return
    const raised = { entry, height, by, shares, lower }
    this.#raised.set(by.revision, raised)
    this.#tell(raised)
  }

  #sharesBelow(feePpm: number, from: number, to: number): number {
    let below = 0
    let end = to + 1
    for (let i = this.#steps.length - 1; i >= 0 && end > from; i--) {
      const step = this.#steps[i]
      if (step === undefined || step.shares >= end) continue
      if (step.adopted.policy.feePpm < feePpm) below += end - Math.max(step.shares, from)
      end = step.shares
    }
    return below
  }

  /** Tells of a rise when the fee has fallen again, and forgets it when it has lasted. */
  #tell({ entry, height, by, shares, lower }: Raised): void {
    const start = this.#steps.findLastIndex(({ adopted }) => adopted.revision === by.revision)
    const fall = this.#steps.find(({ adopted }, i) => i > start && adopted.policy.feePpm < by.policy.feePpm)
    if (fall === undefined) return
    this.#raised.delete(by.revision)
    this.#told.add(by.revision)
    const lasted = fall.shares - (this.#steps[start]?.shares ?? 0)
    if (lasted >= shares) return
    this.#report.notice(
      'fee-raised',
      entry,
      `Entry ${entry} shares the reward of height ${height} with a fee of ${percent(by)} %, by the policy of revision ${by.revision}, which was in force for ${lasted} shares; ${lower} of the ${shares} shares of its window came under a lower fee, and the policy of revision ${fall.adopted.revision} took ${percent(fall.adopted)} % again.`,
      'A fee that stays. One that rises for the finds alone takes what no miner was promised to give.',
    )
  }
}

const percent = ({ policy }: AdoptedPolicy): number => policy.feePpm / 10_000
