import * as E from 'fp-ts/lib/Either.js'
import type { Books } from '../../../domain/bookkeeping/books.ts'
import { accountId, payableAddress, paymentScript } from '../../../domain/decred/address.ts'
import { fromHex } from '../../../domain/decred/hex.ts'
import type { Network } from '../../../domain/decred/network.ts'
import type { EventData } from '../../../domain/events.ts'
import type { PayoutEvent } from '../../../domain/payout/lifecycle.ts'
import { feeAddressInTurn, OUTPUTS_MAX } from '../../../domain/payout/plan.ts'
import { planOfEvent } from '../../../domain/payout/plan-event.ts'
import { outputBytes, transactionBytes, transactionFee } from '../../../domain/payout/size.ts'
import { checkSigned } from '../../../domain/payout/transaction.ts'
import type { AdoptedPolicy, Policy } from '../../../domain/policy.ts'
import { splitExactly } from '../../../domain/reward/split.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import { timeText } from '../time.ts'
import type { PlannableFees } from './books.ts'
import type { ClaimedBlock } from './chain-claims.ts'
import { PayoutRuns } from './payout-runs.ts'

/** A payout as the ledger tells it. */
export interface AuditedPayout {
  readonly number: number
  readonly entry: number
  readonly plan: EventData<'PayoutPlanned'>
  /** Display id; null before it is signed. */
  transaction: string | null
  /** The signed transaction, hex. */
  bytes: string | null
  /** The block that it is said to be confirmed in, and the entry that says so. */
  confirmed: { readonly block: string; readonly entry: number } | null
  /** The spend that its money is said to have gone to instead. */
  returned: { readonly data: EventData<'PayoutReturned'>; readonly entry: number } | null
}

/** Milliseconds from a plan to its end after which it is told that it is still open: a confirmation takes hours, an operator a day or two. */
const OPEN_MS_MAX = 3 * 86_400_000

/** Blocks on a payout at least before it is over: the next block's votes may disapprove the one that holds it. */
const CONFIRMATIONS_MIN = 2

/**
 * A8: what payouts pay, to whom, by which rules. That each is covered, and none is funded twice, the books say, and in the name of this
 * check.
 */
export class PayoutsCheck {
  readonly #report: CheckReport
  readonly #network: Network
  readonly #addresses = new Map<string, string>()
  readonly runs: PayoutRuns
  /** By number: what `--node` looks up on the chain. */
  readonly payouts = new Map<number, AuditedPayout>()

  constructor(report: Report, network: Network) {
    this.#report = reportOf('A8', report)
    this.#network = network
    this.runs = new PayoutRuns(this.#report)
  }

  accountOpened(entry: number, account: string, { address }: EventData<'AccountOpened'>): void {
    if (accountId(address) !== account || E.isLeft(payableAddress(address, this.#network)))
      this.#report.wrong(
        'other-address',
        entry,
        `Entry ${entry} says that account ${account} is paid at ${address}.`,
        'The address that the account is named after, one that can be paid.',
      )
    this.#addresses.set(account, address)
  }

  /**
   * Takes an event of a payout, before the books do. `fees` are those of the pool that a plan may go by.
   */
  take(
    entry: number,
    number: number,
    event: PayoutEvent,
    policies: readonly AdoptedPolicy[],
    books: Books,
    fees: PlannableFees,
  ): void {
    if (event.type === 'PayoutPlanned') {
      this.#plan(entry, event.data, policies, books, fees)
      if (!this.payouts.has(number))
        this.payouts.set(number, {
          ...{
            number,
            entry,
            plan: event.data,
            transaction: null,
            bytes: null,
            confirmed: null,
            returned: null,
          },
        })
      return
    }
    const payout = this.payouts.get(number)
    if (payout === undefined) return
    if (event.type === 'PayoutSigned') this.#signed(entry, payout, event.data)
    if (event.type === 'PayoutConfirmed') {
      this.#deepEnough(entry, payout, event.data.confirmations, policies)
      payout.confirmed = { block: event.data.block, entry }
    }
    if (event.type === 'PayoutReturned') {
      const { why, conflict } = event.data
      if (why === 'conflict') this.#deepEnough(entry, payout, conflict?.confirmations ?? 0, policies)
      payout.returned = { data: event.data, entry }
    }
  }

  /** Looks whether a payout that is returned because its funding is lost has lost it. `blocks` are the pool's, as they are at this entry. */
  returnedAsLost(entry: number, number: number, blocks: Iterable<ClaimedBlock>): void {
    const orphaned = new Map<string, boolean>()
    for (const { reward, phase } of blocks)
      if (reward !== null)
        orphaned.set(reward.transaction, phase === 'orphaned' && (orphaned.get(reward.transaction) ?? true))
    const funding = this.payouts.get(number)?.plan.funding.transaction ?? []
    if (!funding.some((transaction) => orphaned.get(transaction) === true))
      this.#report.wrong(
        'funding-not-lost',
        entry,
        `Entry ${entry} returns payout ${number}, which is signed, because its funding is lost.`,
        'A reward among its funding that is of orphaned blocks only.',
      )
  }

  #plan(
    entry: number,
    plan: EventData<'PayoutPlanned'>,
    policies: readonly AdoptedPolicy[],
    books: Books,
    fees: PlannableFees,
  ): void {
    const adopted = policies.at(-1)
    const wrong = (kind: Parameters<CheckReport['wrong']>[0], message: string, expected: string): void =>
      this.#report.wrong(kind, entry, `Entry ${entry} ${message}.`, expected)
    if (adopted === undefined || plan.policy !== adopted.revision) {
      wrong(
        'other-policy',
        `plans by the policy of revision ${plan.policy}`,
        `The policy in force, of revision ${adopted?.revision ?? 'none'}.`,
      )
      return
    }
    const { policy } = adopted
    const bearer = plan.address.length === 0 ? 'pool' : policy.feeBearer
    if (plan.mode !== policy.payoutMode || plan.bearer !== bearer)
      wrong(
        'other-policy',
        `plans a ${plan.mode} payout whose fee is borne by ${plan.bearer}`,
        `${policy.payoutMode}, borne by ${bearer}.`,
      )
    if (plan.address.length > OUTPUTS_MAX)
      wrong('other-policy', `pays ${plan.address.length} accounts`, `${OUTPUTS_MAX} at most.`)
    this.#outputs(plan, policy, wrong)
    this.#fee(plan, wrong)
    this.#poolFee(plan, policy, books.feePayouts, wrong)
    this.#borne(plan, fees, wrong)
    this.runs.planned(entry, plan, policy, books)
  }

  #outputs(plan: EventData<'PayoutPlanned'>, policy: Policy, wrong: Wrong): void {
    const minimum = BigInt(policy.minimumPayout)
    for (const [i, address] of plan.address.entries()) {
      const known = this.#addresses.get(accountId(address))
      if (known !== address)
        wrong('other-address', `pays ${address}`, 'Addresses of accounts that were opened before.')
      if (BigInt(plan.deducted[i] ?? '0') < minimum)
        wrong(
          'below-minimum',
          `takes ${plan.deducted[i]} atoms from ${address}`,
          `The minimum payout of ${minimum} atoms at least.`,
        )
    }
  }

  #fee(plan: EventData<'PayoutPlanned'>, wrong: Wrong): void {
    const scripts = [...plan.address, ...present(plan.poolFee), ...present(plan.change)].map((address) =>
      this.#scriptBytes(address),
    )
    const bytes = scripts.reduce((sum, script) => sum + outputBytes(script), 0)
    const fee = transactionFee(transactionBytes(plan.funding.transaction.length, scripts.length, bytes))
    if (BigInt(plan.fee) !== fee)
      wrong('other-fee', `plans a fee of ${plan.fee} atoms`, `${fee} atoms, for the size of its transaction.`)
    const parts =
      plan.bearer === 'pool' || plan.address.length === 0
        ? plan.address.map(() => 0n)
        : splitExactly(
            BigInt(plan.fee),
            plan.address.map((address, i) => ({
              account: accountId(address),
              weight: BigInt(plan.deducted[i] ?? '0'),
            })),
          )
    for (const [i, address] of plan.address.entries()) {
      const paid = BigInt(plan.deducted[i] ?? '0') - (parts[i] ?? 0n)
      if (BigInt(plan.atoms[i] ?? '0') !== paid)
        wrong(
          'other-fee',
          `pays ${plan.atoms[i]} of ${plan.deducted[i]} atoms to ${address}`,
          `${paid} atoms: its part of the fee is ${parts[i] ?? 0n}.`,
        )
    }
  }

  #poolFee(
    { poolFee, bearer, fee }: EventData<'PayoutPlanned'>,
    policy: Policy,
    feePayouts: number,
    wrong: Wrong,
  ): void {
    if (poolFee === null) return
    const turn = feeAddressInTurn(policy.feeAddresses, feePayouts)
    if (poolFee.address !== turn)
      wrong(
        'other-address',
        `pays the pool's fees to ${poolFee.address}`,
        `${turn ?? 'Nowhere'}: the fee address whose turn it is.`,
      )
    const paid = BigInt(poolFee.deducted) - (bearer === 'pool' ? BigInt(fee) : 0n)
    if (BigInt(poolFee.atoms) !== paid)
      wrong(
        'other-fee',
        `pays ${poolFee.atoms} of ${poolFee.deducted} atoms of the pool's fees`,
        `${paid} atoms: ${bearer === 'pool' ? `they bear the fee of ${fee}` : 'the miners bear the fee'}.`,
      )
  }

  /** What bears the chain's fee where neither the miners nor the output of the pool's fees do: its matured fees, then its reserve. */
  #borne(plan: EventData<'PayoutPlanned'>, fees: PlannableFees, wrong: Wrong): void {
    const fee = BigInt(plan.fee)
    const [fromFees, fromReserve] = [BigInt(plan.feeFromPoolFee), BigInt(plan.feeFromReserve)]
    const takes = `takes ${fromFees} atoms of the pool's fees and ${fromReserve} of its reserve for the fee`
    if (plan.bearer === 'miners' || plan.poolFee !== null) {
      if (fromFees !== 0n || fromReserve !== 0n)
        wrong(
          'other-fee',
          takes,
          `Nothing: ${plan.bearer === 'miners' ? 'the miners bear it' : "the output of the pool's fees bears it"}.`,
        )
      return
    }
    const most = smaller(fee, fees.now)
    if (fromFees + fromReserve !== fee || fromFees > most || fromFees < smaller(fee, fees.least))
      wrong(
        'other-fee',
        takes,
        `${most} of the pool's fees, which hold ${fees.now}, and ${fee - most} of its reserve.`,
      )
  }

  #scriptBytes(address: string): number {
    const payable = payableAddress(address, this.#network)
    return E.isLeft(payable) ? 0 : paymentScript(payable.right).length
  }

  #signed(entry: number, payout: AuditedPayout, data: EventData<'PayoutSigned'>): void {
    payout.transaction = data.transaction
    payout.bytes = data.bytes
    const checked = E.tryCatch(
      () =>
        checkSigned(this.#network, planOfEvent(payout.plan), {
          bytes: fromHex(data.bytes) ?? new Uint8Array(0),
          unsigned: [],
          id: data.transaction,
        }),
      (thrown) => ({ message: String(thrown) }),
    )
    const fault = E.isLeft(checked) ? checked.left : E.isLeft(checked.right) ? checked.right.left : undefined
    if (fault !== undefined)
      this.#report.wrong(
        'not-as-planned',
        entry,
        `Entry ${entry} signs payout ${payout.number} otherwise than entry ${payout.entry} planned it: ${fault.message}`,
        'The planned inputs, each signed, the planned outputs and change, and nothing else.',
      )
  }

  /** Says which payouts are neither confirmed nor returned long after they were planned. */
  end(atMs: number, { payouts }: Books): void {
    for (const { number, entry, plan, confirmed, returned } of this.payouts.values())
      if (confirmed === null && returned === null && atMs - plan.at > OPEN_MS_MAX)
        this.#report.notice(
          'payout-open',
          entry,
          `Payout ${number} was planned at ${timeText(plan.at)}, and by ${timeText(atMs)} it is ${payouts.get(number)?.phase ?? 'planned'}.`,
          'Its confirmation, or its money back with the accounts. Plans of a manual pool wait for the operator.',
        )
  }

  #deepEnough(
    entry: number,
    { number, plan }: AuditedPayout,
    confirmations: number,
    policies: readonly AdoptedPolicy[],
  ): void {
    const policy = policies.find(({ revision }) => revision === plan.policy)?.policy
    const needed = Math.max(CONFIRMATIONS_MIN, policy?.payoutConfirmations ?? 0)
    if (confirmations < needed)
      this.#report.wrong(
        'too-few-confirmations',
        entry,
        `Entry ${entry} ends payout ${number} at ${confirmations} confirmations.`,
        `${needed} at least.`,
      )
  }
}

type Wrong = (kind: Parameters<CheckReport['wrong']>[0], message: string, expected: string) => void

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)

const present = (output: { readonly address: string } | null): readonly string[] =>
  output === null ? [] : [output.address]
