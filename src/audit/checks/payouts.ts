import * as E from 'fp-ts/lib/Either.js'
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
  /** By number: what `--node` looks up on the chain. */
  readonly payouts = new Map<number, AuditedPayout>()

  constructor(report: Report, network: Network) {
    this.#report = reportOf('A8', report)
    this.#network = network
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
   * Takes an event of a payout, before the books do. `feePayouts` is how many payouts had an output for the pool's fees and were not
   * returned.
   */
  take(
    entry: number,
    number: number,
    event: PayoutEvent,
    policies: readonly AdoptedPolicy[],
    feePayouts: number,
  ): void {
    if (event.type === 'PayoutPlanned') {
      this.#plan(entry, event.data, policies, feePayouts)
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

  #plan(
    entry: number,
    plan: EventData<'PayoutPlanned'>,
    policies: readonly AdoptedPolicy[],
    feePayouts: number,
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
    this.#fee(plan, policy, feePayouts, wrong)
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

  #fee(plan: EventData<'PayoutPlanned'>, policy: Policy, feePayouts: number, wrong: Wrong): void {
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
    const turn = feeAddressInTurn(policy.feeAddresses, feePayouts)
    if (plan.poolFee !== null && plan.poolFee.address !== turn)
      wrong(
        'other-address',
        `pays the pool's fees to ${plan.poolFee.address}`,
        `${turn ?? 'Nowhere'}: the fee address whose turn it is.`,
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

const present = (output: { readonly address: string } | null): readonly string[] =>
  output === null ? [] : [output.address]
