import * as E from 'fp-ts/lib/Either.js'
import type { ChainTip, ChainView, Node } from '../../adapters/node/port.ts'
import type { Wallet, WalletError } from '../../adapters/wallet/port.ts'
import { balanceOf, feeAccount } from '../../domain/bookkeeping/ledger.ts'
import { formatDcr, toAtoms } from '../../domain/decred/amount.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { encodeTransaction, transactionId } from '../../domain/decred/transaction.ts'
import { type EventData, event, type PoolEvent } from '../../domain/events.ts'
import { type Claim, payoutClaims, type Waiting } from '../../domain/payout/claims.ts'
import type { Unspent } from '../../domain/payout/funding.ts'
import {
  type MissingReward,
  mayReturn,
  nextPayoutStep,
  type PayoutObservation,
} from '../../domain/payout/next-step.ts'
import { feeAddressInTurn, type PayoutPlan, planPayouts } from '../../domain/payout/plan.ts'
import { planEvent, planOfEvent } from '../../domain/payout/plan-event.ts'
import { isPayoutDue, type PayoutMoment } from '../../domain/payout/schedule.ts'
import { checkSigned, unsignedTransaction } from '../../domain/payout/transaction.ts'
import type { AdoptedPolicy, Policy } from '../../domain/policy.ts'
import { missingReward } from './missing-reward.ts'
import type { Ledger } from './money-log.ts'
import type { PayoutHold } from './payout-hold.ts'
import type { Problem, Problems } from './problems.ts'
import type { OpenPayout } from './records.ts'
import { type Spender, Spends, type SpendsError } from './spends.ts'

/** The wallet that pays, and which of its accounts. */
export interface PayingWallet {
  readonly wallet: Wallet
  readonly account: string
}

/** Plans payouts when they are due, and takes each from its plan to the chain. */
export interface Payouts {
  /** Takes every open payout as far as it goes now, then plans a run if one is due. @throws TreasuryEnd */
  readonly advance: () => Promise<void>
  /** A run is to be planned the next time, due or not. */
  readonly planSoon: () => void
  /** Lets a plan that waits go out. Left: why it can't. @throws TreasuryEnd */
  readonly approve: (payout: number) => Promise<E.Either<string, void>>
  /** Puts the money of a plan back that is not signed, or that can't be paid any more. Left: why it can't. @throws TreasuryEnd */
  readonly reject: (payout: number) => Promise<E.Either<string, void>>
}

/** What payouts need. */
export interface PayoutsOptions {
  readonly ledger: Ledger
  readonly node: Node
  /** Null: nothing is planned, signed or published; what is published already is watched all the same. */
  readonly paying: PayingWallet | null
  readonly problems: Problems
  /** While it is not null nothing is planned, approved or signed; what is signed goes its way. */
  readonly hold: () => PayoutHold | null
  /**
   * Null when everything up to a position of the log is under a signed checkpoint of the public ledger; otherwise resolves once it is. Nothing
   * goes out before its `PayoutSigned` is: no copy of the ledger could tell a log that was put back from what was paid.
   */
  readonly untilSigned: (position: number) => Promise<void> | null
  /** What has waited for the public ledger may go out. */
  readonly onPublic: () => void
  readonly nowMs: () => number
  readonly onStep: (payout: number, event: PoolEvent, plan: EventData<'PayoutPlanned'>) => void
  readonly onWalletError: (error: WalletError) => void
}

/**
 * Blocks on a payout at least before it is over: at the tip alone, the next block's votes may still disapprove the block that holds it.
 */
const CONFIRMATIONS_MIN = 2
/**
 * A checkpoint comes within a minute, however `ledger.checkpoint_ms_max` is set; a payout that waits for one longer than this is a
 * problem.
 */
const PUBLIC_MS_MAX = 90_000
/** After these each further question would only wait. */
const SILENT: ReadonlySet<WalletError['kind']> = new Set(['away', 'timeout', 'certificate', 'closed'])
/** Matured coinbases that are looked up in the wallet when it can spend too little. */
const COINBASES_LOOKED_UP = 3

/** Begins with the payouts that the records hold. */
export function openPayouts(options: PayoutsOptions): Payouts {
  const { ledger, node, paying, problems, nowMs } = options
  const { records } = ledger
  const { network } = records
  const spends = new Spends()
  /** Height of the chain at which each payout was published last by this process. */
  const published = new Map<number, number>()
  /** Addresses that the wallet has said it can pay. */
  const payable = new Set<string>()
  /** Signed payouts that wait for the public ledger, by number. */
  const secret = new Map<number, { readonly sinceMs: number; isPublic: boolean }>()
  /** Height at which a run was due and nothing could be planned: the wallet is not asked again before the next block. */
  let vainHeight: number | null = null
  let isWanted = false
  /** Tip at which the latest confirmed payouts were held against the chain. */
  let lookedBackAt = ''
  /** The wallet does not answer at all: in this round nobody asks it again, and payouts that need it not go on. */
  let silence: Problem | null = null
  /** What a run that had too little to spend waits for: fewer open payouts, or a later block when there are none. */
  let poor: { readonly open: number; readonly height: number } | null = null

  async function advance(): Promise<void> {
    silence = null
    for (const { number } of records.openPayouts()) await takeOn(number)
    await lookBack()
    await planIfDue()
  }

  /**
   * Looks whether the blocks that confirmed the latest payouts are still on the chain. The books keep such a payout as paid, since it may be
   * in another block by now: somebody has to look. A node that does not know a block proves nothing.
   */
  async function lookBack(): Promise<void> {
    const chain = node.view()
    const tip = await chain.tip()()
    if (E.isLeft(tip) || tip.right.hash === lookedBackAt) return
    for (const { number, block } of records.confirmed) {
      const found = await chain.block(block)()
      if (E.isLeft(found)) continue
      const message =
        `Payout ${number} was confirmed in block ${block}, which has left the chain. The books keep it as paid. Look whether its transaction ` +
        'is in another block; if it is not, have the wallet publish it again.'
      problems.set(
        `payout ${number}`,
        found.right.confirmations > 0 ? null : { kind: 'confirmation-lost', message },
      )
    }
    lookedBackAt = tip.right.hash
  }

  async function takeOn(number: number): Promise<void> {
    const about = `payout ${number}`
    const problem = await step(number)
    problems.set(about, problem)
  }

  function forget(number: number): void {
    spends.forget(number)
    published.delete(number)
    secret.delete(number)
  }

  /** Takes a payout as far as it goes now. Answers what keeps it, if that is not just time. */
  async function step(number: number): Promise<Problem | null> {
    for (;;) {
      const payout = records.openPayouts().find((each) => each.number === number)
      if (payout === undefined) {
        forget(number)
        return null
      }
      const chain = node.view()
      const tip = await chain.tip()()
      if (E.isLeft(tip)) return null
      const seen = await observe(payout, chain, tip.right)
      if (E.isLeft(seen)) return seen.left.kind === 'unreadable-block' ? seen.left : null
      const next = nextPayoutStep(payout.record, seen.right, confirmationsOf(payout), nowMs())
      switch (next.kind) {
        case 'await-approval':
        case 'watch':
        case 'done':
          return null
        case 'alarm':
          return {
            kind: 'conflict',
            message:
              `Payout ${number} is stopped: transaction ${next.conflict.transaction} in block ${next.conflict.block} spends its ` +
              'money. Find out who else has the keys of the wallet. Its accounts get their money back once that block is deep enough.',
          }
        case 'unfunded':
          return unfunded(payout, next.missing, mayReturn(seen.right, confirmationsOf(payout)))
        case 'record':
          await record(number, next.event)
          break
        case 'sign': {
          const problem = await sign(payout)
          if (problem !== null) return problem
          break
        }
        case 'publish': {
          if (payout.record.phase === 'signed' && !isPublic(number)) return whySecret(number)
          const problem = await publish(payout, tip.right)
          if (problem !== null || payout.record.phase === 'published') return problem
          await record(number, event('PayoutPublished', { v: 1, at: nowMs() }))
        }
      }
    }
  }

  async function record(number: number, next: PoolEvent): Promise<void> {
    const plan = next.type === 'PayoutPlanned' ? next.data : openOne(number)?.plan
    await ledger.write(`payout-${number}`, [next])
    if (plan !== undefined) options.onStep(number, next, plan)
  }

  const policyOf = (revision: number): Policy | undefined =>
    records.policies.find((each) => each.revision === revision)?.policy

  const confirmationsOf = ({ plan }: OpenPayout): number =>
    Math.max(CONFIRMATIONS_MIN, policyOf(plan.policy)?.payoutConfirmations ?? 0)

  /** Where the chain has a payout. All is asked of one node: what two say of two chains shows nothing. */
  async function observe(
    { number, plan: data }: OpenPayout,
    chain: ChainView,
    tip: ChainTip,
  ): Promise<E.Either<SpendsError, PayoutObservation>> {
    const plan = planOfEvent(data)
    const own = transactionId(unsignedTransaction(network, plan))
    const found = await spends.of(chain, number, data.height, plan.funding, tip)
    if (E.isLeft(found)) return found
    const mined = found.right.find(({ transaction }) => transaction === own)
    if (mined !== undefined) {
      const { block, confirmations } = mined
      return E.right({
        transaction: { kind: 'in-block', block, confirmations },
        conflict: null,
        missing: null,
      })
    }
    const conflict: Spender | null = found.right[0] ?? null
    const missing =
      conflict === null ? await missingReward(chain, records, spends, plan.funding) : E.right(null)
    // The node may have forgotten it: it is published again at each height until a block has it.
    const kind = published.get(number) === tip.height ? 'known' : 'unknown'
    return E.map((reward: MissingReward | null) => ({
      transaction: { kind } as const,
      conflict,
      missing: reward,
    }))(missing)
  }

  function walletProblem(error: WalletError): Problem {
    options.onWalletError(error)
    if (SILENT.has(error.kind)) silence = error
    return error
  }

  const noWallet = (number: number): Problem => ({
    kind: 'no-wallet',
    message: `Payout ${number} waits: the pool has no wallet any more. Put the [wallet] section back and restart.`,
  })

  async function sign({ number, plan: data }: OpenPayout): Promise<Problem | null> {
    if (paying === null) return noWallet(number)
    const held = options.hold()
    if (held !== null) return held
    if (silence !== null) return silence
    const plan = planOfEvent(data)
    const signed = await paying.wallet.sign(encodeTransaction(unsignedTransaction(network, plan)))()
    if (E.isLeft(signed)) return walletProblem(signed.left)
    const checked = checkSigned(network, plan, { ...signed.right, unsigned: [] })
    if (E.isLeft(checked))
      return {
        kind: checked.left.kind,
        message: `Payout ${number} is not signed as planned, and stays planned: ${checked.left.message} Check the wallet.`,
      }
    const { id, bytes } = checked.right
    await record(number, event('PayoutSigned', { v: 1, at: nowMs(), transaction: id, bytes: toHex(bytes) }))
    return null
  }

  /** Whether the signing of a payout is under a checkpoint: all that is booked when it is looked at first has to be. */
  function isPublic(number: number): boolean {
    const before = secret.get(number)
    if (before !== undefined) return before.isPublic
    const signed = options.untilSigned(records.position ?? 0)
    const waits = { sinceMs: nowMs(), isPublic: signed === null }
    secret.set(number, waits)
    void signed?.then(() => {
      waits.isPublic = true
      options.onPublic()
    })
    return waits.isPublic
  }

  function whySecret(number: number): Problem | null {
    const sinceMs = secret.get(number)?.sinceMs ?? 0
    return nowMs() - sinceMs < PUBLIC_MS_MAX
      ? null
      : {
          kind: 'not-public',
          message:
            `Payout ${number} is signed and waits: no signed checkpoint of the public ledger holds it yet. It goes out by itself as soon as one ` +
            'does. See what keeps the ledger from being signed.',
        }
  }

  async function publish({ number, record: { bytes } }: OpenPayout, tip: ChainTip): Promise<Problem | null> {
    const signed = fromHex(bytes ?? '')
    if (signed === undefined) throw new RangeError(`payout ${number} is signed without its bytes`)
    if (paying === null) return noWallet(number)
    if (silence !== null) return silence
    const answer = await paying.wallet.publish(signed)()
    if (E.isLeft(answer)) return walletProblem(answer.left)
    published.set(number, tip.height)
    return null
  }

  async function planIfDue(): Promise<void> {
    const adopted = records.policy
    if (adopted === undefined || adopted.policy.scheme.kind === 'solo') return
    const tip = await node.tip()()
    if (E.isLeft(tip)) return
    const now = { height: tip.right.height, at: nowMs() }
    const isDue = isRunDue(adopted.policy, now)
    const held = options.hold()
    if (!isDue && held?.passes !== false) return
    const problem = held ?? (await plan(adopted, now))
    problems.set('payouts', problem)
    if (problem === null) isWanted = false
  }

  function isRunDue({ payoutSchedule }: Policy, now: PayoutMoment): boolean {
    if (isWanted) return true
    if (poor !== null) {
      const open = records.openPayouts().length
      if (open < poor.open || (open === 0 && now.height > poor.height)) return true
    }
    return (
      vainHeight !== now.height &&
      records.lastRun !== null &&
      isPayoutDue(payoutSchedule, records.lastRun, now)
    )
  }

  /** Plans a run. Answers what keeps it from being planned at all, or who waits for money that the wallet should have. */
  async function plan(adopted: AdoptedPolicy, now: PayoutMoment): Promise<Problem | null> {
    const { policy } = adopted
    const minimum = toAtoms(BigInt(policy.minimumPayout))
    const sort = (refused: ReadonlySet<string>) =>
      payoutClaims(records.books.balances, {
        network,
        minimum,
        addressOf: (account) => records.addresses.get(account),
        refused,
      })
    const first = sort(new Set())
    const feeAddress = feeAddressInTurn(policy.feeAddresses, records.books.feePayouts)
    const fees = () => balanceOf(records.books.balances, feeAccount('available'))
    if (first.claims.length === 0 && (feeAddress === null || fees() < minimum)) {
      poor = null
      return null
    }
    if (paying === null) return null
    if (silence !== null) return silence
    const funds = await ask(paying, first.claims, adopted, now)
    if (E.isLeft(funds)) return funds.left
    const { unspent, changeAddress, refused, height } = funds.right
    const { claims } = sort(refused)
    const run = planPayouts({
      network,
      claims,
      bearer: policy.feeBearer,
      minimum,
      // As they are now: the wallet may have taken its time.
      poolFees: toAtoms(fees()),
      feeAddress,
      unspent,
      changeAddress,
    })
    for (const each of run.plans) await begin(each, adopted, height)
    vainHeight = run.plans.length === 0 ? now.height : null
    const short = run.waiting.filter(({ why }) => why === 'no-funds')
    poor = short.length === 0 ? null : { open: records.openPayouts().length, height: now.height }
    return short.length === 0 ? null : await whyShort(paying, short, unspent)
  }

  async function begin(
    planned: PayoutPlan,
    { policy, revision }: AdoptedPolicy,
    height: number,
  ): Promise<void> {
    const facts = { policy: revision, mode: policy.payoutMode, height }
    await record(records.nextPayout, planEvent(nowMs(), facts, planned))
  }

  /** What the wallet can spend that no payout spends already, and whom it can't pay. */
  async function ask(
    { wallet, account }: PayingWallet,
    claims: readonly Claim[],
    { policy }: AdoptedPolicy,
    now: PayoutMoment,
  ): Promise<
    E.Either<
      Problem,
      {
        readonly unspent: readonly Unspent[]
        readonly changeAddress: string
        readonly refused: ReadonlySet<string>
        readonly height: number
      }
    >
  > {
    const tip = await wallet.tip()()
    if (E.isLeft(tip)) return E.left(walletProblem(tip.left))
    if (tip.right.height < now.height)
      return E.left({
        kind: 'not-synced',
        message: `The wallet is at block ${tip.right.height}, the node at ${now.height}: nothing is planned until it has caught up. If it does not, look at its connection to dcrd.`,
      })
    const refused = new Set<string>()
    for (const { address } of claims) {
      if (payable.has(address)) continue
      const owner = await wallet.ownerOf(address)()
      if (E.isLeft(owner)) return E.left(walletProblem(owner.left))
      if (owner.right.kind === 'invalid') refused.add(address)
      else payable.add(address)
    }
    const confirmations = Math.max(CONFIRMATIONS_MIN, policy.payoutConfirmations)
    const unspent = await wallet.unspent(account, confirmations)()
    if (E.isLeft(unspent)) return E.left(walletProblem(unspent.left))
    const changeAddress = await wallet.changeAddress(account)()
    if (E.isLeft(changeAddress)) return E.left(walletProblem(changeAddress.left))
    const free = unspent.right.filter(
      ({ transaction, output }) => !records.books.funding.has(`${transaction}:${output}`),
    )
    return E.right({
      unspent: free,
      changeAddress: changeAddress.right,
      refused,
      height: Math.min(tip.right.height, now.height),
    })
  }

  /** Says why accounts wait for money: perhaps the wallet does not even know the coinbases. */
  async function whyShort(
    { wallet }: PayingWallet,
    short: readonly Waiting[],
    unspent: readonly Unspent[],
  ): Promise<Problem> {
    const matured = [...records.books.blocks].filter(([, { phase }]) => phase === 'matured')
    for (const [hash] of matured.slice(-COINBASES_LOOKED_UP)) {
      const coinbase = records.coinbases.get(hash)
      const known = coinbase === undefined ? undefined : await wallet.coinbase(coinbase)()
      if (known !== undefined && E.isLeft(known) && known.left.kind === 'unknown-coinbase')
        return walletProblem(known.left)
    }
    const owed = short.reduce((sum, { atoms }) => sum + atoms, 0n)
    const there = unspent.reduce((sum, { atoms }) => sum + atoms, 0n)
    options.onWalletError({ kind: 'too-little-spendable', message: '' })
    return {
      kind: 'too-little-spendable',
      message:
        `${short.length} accounts wait for ${formatDcr(owed)} DCR, and the wallet could spend ${formatDcr(there)} DCR. They are paid ` +
        'when earlier payouts are confirmed and coinbases are mature; if not, send what is missing to the wallet.',
    }
  }

  const openOne = (number: number): OpenPayout | undefined =>
    records.openPayouts().find((each) => each.number === number)

  /** Why the money of a payout that is signed can't be put back; null when nothing is left that what is signed could take. */
  async function againstReturn(payout: OpenPayout): Promise<string | null> {
    const chain = node.view()
    const tip = await chain.tip()()
    const seen = E.isLeft(tip) ? tip : await observe(payout, chain, tip.right)
    if (E.isLeft(seen)) return `Nothing was done, since the node does not say how it is: ${seen.left.message}`
    if (mayReturn(seen.right, confirmationsOf(payout))) return null
    const { missing } = seen.right
    return missing === null ? notWaiting(payout.number, payout) : unfunded(payout, missing, false).message
  }

  return {
    advance,
    planSoon: () => {
      isWanted = true
    },
    approve: async (number) => {
      const payout = openOne(number)
      if (payout?.record.phase !== 'planned') return E.left(notWaiting(number, payout))
      const held = options.hold()
      if (held !== null) return E.left(held.message)
      await record(number, event('PayoutApproved', { v: 1, at: nowMs() }))
      return E.right(undefined)
    },
    reject: async (number) => {
      const payout = openOne(number)
      if (payout === undefined) return E.left(notWaiting(number, payout))
      const { phase } = payout.record
      const why = phase === 'planned' || phase === 'approved' ? 'rejected' : 'funding-lost'
      const against = why === 'rejected' ? null : await againstReturn(payout)
      if (against !== null) return E.left(against)
      await record(number, event('PayoutReturned', { v: 1, at: nowMs(), why, conflict: null }))
      forget(number)
      problems.set(`payout ${number}`, null)
      return E.right(undefined)
    },
  }
}

/** What is told of a payout that can't be paid with a reward that is not there; `isLost`: for ever. */
function unfunded(
  { number, record: { phase } }: OpenPayout,
  { block }: MissingReward,
  isLost: boolean,
): Problem {
  const what = `Payout ${number} can't be paid: it spends the reward of block ${block}, which has left the chain.`
  const order = `put its money back with "lodebook payout reject ${number}"`
  if (phase === 'planned' || phase === 'approved')
    return { kind: 'funding-away', message: `${what} Wait whether the block comes back, or ${order}.` }
  return isLost
    ? { kind: 'funding-lost', message: `${what} The block is given up: ${order}.` }
    : {
        kind: 'funding-away',
        message: `${what} The block may come back, and then the payout goes on. If it is given up, ${order}; before that nothing shows that what is signed is never paid.`,
      }
}

const notWaiting = (number: number, payout: OpenPayout | undefined): string =>
  payout === undefined
    ? `There is no open payout ${number}.`
    : `Payout ${number} is ${payout.record.phase}: there is nothing to decide.`
