import type { Books } from '../../../domain/bookkeeping/books.ts'
import { balanceOf, minerOf } from '../../../domain/bookkeeping/ledger.ts'
import { accountId } from '../../../domain/decred/address.ts'
import { formatDcr } from '../../../domain/decred/amount.ts'
import type { EventData } from '../../../domain/events.ts'
import { DUST_ATOMS } from '../../../domain/payout/size.ts'
import type { Policy } from '../../../domain/policy.ts'
import type { CheckReport } from '../finding.ts'
import { timeText } from '../time.ts'

/** Runs of payouts that leave an account out, one after the other, before that is a fault. */
const LEFT_OUT_RUNS_MAX = 3
/** Runs that the schedule asks for and nobody plans before that is told. */
const MISSED_RUNS_MAX = 3
const DAY_MS = 86_400_000

/** The payouts that were planned at one height. */
interface Run {
  readonly height: number
  /** What accounts had available when it began, of those that had the minimum: those that none of its payouts has paid. */
  readonly claims: Map<string, bigint>
  /** The most that an account gave, and the highest fee of a transaction. */
  largest: bigint
  fee: bigint
  /** The wallet may have had too little for all: coins were in payouts that are not over, or miners have been advanced money. */
  readonly mayLack: boolean
}

/**
 * Whether whoever can be paid is paid. A run pays the smallest claims first, and the next one in part, since the wallet may have too little
 * for all. Who is left out while somebody with more is paid, or though nothing keeps the wallet from having all that is owed, time after
 * time, is left out on purpose.
 */
export class PayoutRuns {
  readonly #report: CheckReport
  #run: Run | null = null
  /** Runs that left an account out since it was paid last. */
  readonly #leftOut = new Map<string, number>()
  /** Since when somebody could be paid and nothing was planned. */
  #payable: { readonly atMs: number; readonly height: number } | null = null

  constructor(report: CheckReport) {
    this.#report = report
  }

  /** Takes a plan, before the books do. */
  planned(entry: number, plan: EventData<'PayoutPlanned'>, policy: Policy, books: Books): void {
    this.#payable = null
    if (this.#run === null || this.#run.height !== plan.height) {
      this.#close(entry)
      this.#run = {
        ...{ height: plan.height, claims: claimsOf(books, policy), largest: 0n, fee: 0n },
        mayLack: mayLackCoins(books),
      }
    }
    const run = this.#run
    if (BigInt(plan.fee) > run.fee) run.fee = BigInt(plan.fee)
    for (const [i, address] of plan.address.entries()) {
      const account = accountId(address)
      run.claims.delete(account)
      this.#leftOut.delete(account)
      const deducted = BigInt(plan.deducted[i] ?? '0')
      if (deducted > run.largest) run.largest = deducted
    }
  }

  /** Looks who was left out of the run that is over now. */
  #close(entry: number): void {
    if (this.#run === null) return
    const { claims, largest, fee, height, mayLack } = this.#run
    for (const [account, atoms] of claims) {
      // After its part of the fee too little may have been left for an output.
      if ((mayLack && atoms >= largest) || atoms < DUST_ATOMS + 2n * fee) continue
      const runs = (this.#leftOut.get(account) ?? 0) + 1
      this.#leftOut.set(account, runs)
      if (runs === LEFT_OUT_RUNS_MAX)
        this.#report.wrong(
          'left-out',
          entry,
          `Before entry ${entry} account ${account} was left out of ${runs} runs of payouts, one after the other, the last of them at height ${height}: it had ${formatDcr(atoms)} DCR, ${atoms < largest ? `and another was paid ${formatDcr(largest)}` : 'and no coins were in other payouts'}.`,
          'Payouts to all that have the minimum, the smallest first, as far as the coins of the pool go.',
        )
    }
  }

  /** Looks whether somebody could be paid. `height` is that of the newest work. */
  look(atMs: number, height: number, policy: Policy | undefined, books: Books): void {
    const isPayable = policy !== undefined && isAnyPayable(books, policy)
    this.#payable = isPayable ? (this.#payable ?? { atMs, height }) : null
  }

  /** Says whether the end of the log finds payouts due that nobody planned. */
  end(atMs: number, height: number, policy: Policy | undefined, books: Books): void {
    this.look(atMs, height, policy, books)
    if (this.#payable === null || policy === undefined) return
    const { payoutSchedule: schedule, minimumPayout } = policy
    const since = this.#payable
    const missed =
      schedule.kind === 'blocks' ? (height - since.height) / schedule.every : (atMs - since.atMs) / DAY_MS
    if (missed < MISSED_RUNS_MAX) return
    const claims = [...claimsOf(books, policy).values()]
    const owed = claims.reduce((sum, atoms) => sum + atoms, 0n)
    this.#report.notice(
      'payouts-due',
      null,
      `${claims.length} accounts wait for ${formatDcr(owed)} DCR, each with the minimum payout of ${formatDcr(BigInt(minimumPayout))} DCR or more; somebody has waited since ${timeText(since.atMs)} at height ${since.height}, and up to ${timeText(atMs)} at height ${height} no payout was planned.`,
      `One ${schedule.kind === 'daily' ? 'each day' : `every ${schedule.every} blocks`}, as the policy says. A pool without a wallet books what it owes and pays nobody: ask the operator.`,
    )
  }
}

function* payable({ balances }: Books, { minimumPayout }: Policy): Generator<readonly [string, bigint]> {
  const minimum = BigInt(minimumPayout)
  for (const [name, atoms] of balances) {
    if (atoms < minimum) continue
    const miner = minerOf(name)
    if (miner?.stage === 'available') yield [miner.account, atoms]
  }
}

/** Whether coins that the books count may not be spent now: change of open payouts, and coinbases from which miners were paid in advance. */
function mayLackCoins({ payouts, blocks, balances }: Books): boolean {
  for (const { plan } of payouts.values()) if (plan !== null) return true
  let reserve = balanceOf(balances, 'pool:reserve')
  for (const { allocation } of blocks.values())
    if (allocation?.stage === 'immature') reserve -= allocation.reserve
  return reserve < 0n
}

const claimsOf = (books: Books, policy: Policy): Map<string, bigint> => new Map(payable(books, policy))

const isAnyPayable = (books: Books, policy: Policy): boolean =>
  policy.scheme.kind !== 'solo' && payable(books, policy).next().done !== true
