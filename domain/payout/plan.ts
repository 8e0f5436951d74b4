import * as E from 'fp-ts/lib/Either.js'
import { payableAddress, paymentScript } from '../decred/address.ts'
import { type Atoms, toAtoms } from '../decred/amount.ts'
import type { Network } from '../decred/network.ts'
import type { FeeBearer } from '../events.ts'
import { splitExactly } from '../reward/split.ts'
import type { Claim, Waiting } from './claims.ts'
import { type Funding, fund, mostGiven, type Order, type Purse, purseOf, type Unspent } from './funding.ts'
import { leastOutput, outputBytes } from './size.ts'

/** One transaction to be, exactly: funding = outputs + pool's output + change + fee. */
export interface PayoutPlan {
  readonly outputs: readonly PlannedOutput[]
  /** What the pool takes of its matured fees; null when it takes none. */
  readonly poolFee: Omit<PlannedOutput, 'account'> | null
  readonly bearer: FeeBearer
  /** The chain's. */
  readonly fee: Atoms
  /** What of `fee` the pool gives beyond its own output: from its matured fees, and from its reserve. */
  readonly feeFromPoolFee: Atoms
  readonly feeFromReserve: Atoms
  readonly funding: readonly Unspent[]
  readonly change: { readonly address: string; readonly atoms: Atoms } | null
}

/** What an account is paid. */
export interface PlannedOutput {
  readonly account: string
  readonly address: string
  /** What it gives: the output and its part of the chain's fee. */
  readonly deducted: Atoms
  /** The output. */
  readonly atoms: Atoms
}

/** What a run of payouts is planned from. */
export interface PayoutNeeds {
  readonly network: Network
  /** The smallest first, none below the minimum: see `payoutClaims`. */
  readonly claims: readonly Claim[]
  readonly bearer: FeeBearer
  /** No account is paid less than this, fee included. */
  readonly minimum: Atoms
  /** The pool's matured fees. */
  readonly poolFees: Atoms
  /** Whose turn it is among the fee addresses: see `feeAddressInTurn`. Null: the fees stay in the wallet. */
  readonly feeAddress: string | null
  /** What the wallet can spend now, without what an earlier payout is to spend: see `Books.funding`. */
  readonly unspent: readonly Unspent[]
  /** An ordinary address of the wallet. */
  readonly changeAddress: string
}

/** Outputs to miners in one transaction at most. */
export const OUTPUTS_MAX = 500

/** The fee address for the next output of the pool's fees, after so many: round robin. Null when there is none. */
export const feeAddressInTurn = (addresses: readonly string[], feePayouts: number): string | null =>
  addresses[feePayouts % Math.max(1, addresses.length)] ?? null

/**
 * Plans the transactions of a run, none of which spends what another does. Each holds as many claims as fit; one that is too large for
 * a transaction, or for what the wallet can spend, is paid in part. The pool's fees come last. Whoever is left over waits.
 *
 * @throws RangeError when a plan's sums are not equal.
 */
export function planPayouts(needs: PayoutNeeds): {
  readonly plans: readonly PayoutPlan[]
  readonly waiting: readonly Waiting[]
} {
  const plans: PayoutPlan[] = []
  const waiting: Waiting[] = []
  let claims = needs.claims
  let rest: Rest = { unspent: needs.unspent, poolFees: needs.poolFees }
  while (claims.length > 0) {
    const draft = draftOne(needs, claims, purseOf(rest.unspent))
    const left = without(claims, draft)
    waiting.push(...draft.dust.map((claim) => waits(claim, 'dust-after-fee')))
    waiting.push(
      ...left.filter(({ atoms }) => atoms < needs.minimum).map((claim) => waits(claim, 'below-minimum')),
    )
    claims = left.filter(({ atoms }) => atoms >= needs.minimum)
    if (draft.funding === undefined) {
      waiting.push(...claims.map((claim) => waits(claim, 'no-funds')))
      break
    }
    const last = claims.length === 0 ? withPoolFee(needs, rest.poolFees, draft) : undefined
    const plan = planOf(needs, rest.poolFees, last ?? draft)
    plans.push(plan)
    rest = restAfter(rest, plan)
  }
  const own = withPoolFee(needs, rest.poolFees, { ...EMPTY, purse: purseOf(rest.unspent) })
  if (own !== undefined) plans.push(planOf(needs, rest.poolFees, own))
  return { plans, waiting }
}

/** The claims that a transaction leaves: all others, and the rest of one that it pays in part. */
function without(claims: readonly Claim[], { taken, dust }: Draft): readonly Claim[] {
  const paid = new Map(taken.map(({ account, atoms }) => [account, atoms]))
  const small = accountsOf(dust)
  return claims.flatMap((claim) => {
    const rest = claim.atoms - (paid.get(claim.account) ?? 0n)
    return rest === 0n || small.has(claim.account) ? [] : [{ ...claim, atoms: toAtoms(rest) }]
  })
}

const accountsOf = (claims: readonly Claim[]): ReadonlySet<string> =>
  new Set(claims.map(({ account }) => account))

const waits = ({ account, atoms }: Claim, why: Waiting['why']): Waiting => ({ account, atoms, why })

/** What the transactions so far have left. */
interface Rest {
  readonly unspent: readonly Unspent[]
  readonly poolFees: Atoms
}

function restAfter({ unspent, poolFees }: Rest, plan: PayoutPlan): Rest {
  const spent = new Set(plan.funding)
  return {
    unspent: unspent.filter((each) => !spent.has(each)),
    poolFees: toAtoms(poolFees - plan.feeFromPoolFee - (plan.poolFee?.deducted ?? 0n)),
  }
}

/** A transaction while it is being put together. `taken` may hold a claim in part, as its only one. */
interface Draft {
  readonly taken: readonly Claim[]
  /** Claims that would be dust after the fee. */
  readonly dust: readonly Claim[]
  readonly poolFee: boolean
  readonly purse: Purse
  readonly funding: Funding | undefined
}

const EMPTY = { taken: [], dust: [], poolFee: false, funding: undefined } as const

/** Takes as many of the claims, in order, as one transaction can hold. */
function draftOne(needs: PayoutNeeds, claims: readonly Claim[], purse: Purse): Draft {
  let candidates = claims.slice(0, OUTPUTS_MAX)
  let dust: readonly Claim[] = []
  for (;;) {
    const draft = fill(needs, candidates, purse)
    const tooSmall = accountsOf(dustAfterFee(needs, draft))
    if (tooSmall.size === 0) return { ...draft, dust }
    dust = [...dust, ...candidates.filter(({ account }) => tooSmall.has(account))]
    candidates = candidates.filter(({ account }) => !tooSmall.has(account))
  }
}

function fill(needs: PayoutNeeds, claims: readonly Claim[], purse: Purse): Draft {
  const feeOnTop = needs.bearer === 'pool'
  let order: Order = { outputs: 0, outputsBytes: 0, given: 0n, feeOnTop }
  let funding: Funding | undefined
  const taken: Claim[] = []
  for (const claim of claims) {
    const larger = orderWith(order, claim.scriptBytes, claim.atoms)
    const more = fund(purse, larger, funding?.inputs ?? 0)
    if (more === undefined) break
    taken.push(claim)
    order = larger
    funding = more
  }
  const [first] = claims
  if (taken.length > 0 || first === undefined) return { ...EMPTY, taken, purse, funding }
  return fillWithPart(needs, first, purse)
}

/** The first claim as far as one transaction can pay it; nothing when that is below the minimum. */
function fillWithPart(needs: PayoutNeeds, claim: Claim, purse: Purse): Draft {
  const bare: Order = { outputs: 0, outputsBytes: 0, given: 0n, feeOnTop: needs.bearer === 'pool' }
  const atoms = mostGiven(purse, orderWith(bare, claim.scriptBytes, 0n))
  if (atoms < needs.minimum) return { ...EMPTY, purse }
  const part = { ...claim, atoms: toAtoms(atoms) }
  const funding = fund(purse, orderWith(bare, claim.scriptBytes, atoms), 0)
  return { ...EMPTY, taken: funding === undefined ? [] : [part], purse, funding }
}

const orderWith = (order: Order, scriptBytes: number, atoms: bigint): Order => ({
  ...order,
  outputs: order.outputs + 1,
  outputsBytes: order.outputsBytes + outputBytes(scriptBytes),
  given: order.given + atoms,
})

/** Claims of which too little would be left for an output once they bear the fee. */
function dustAfterFee(needs: PayoutNeeds, draft: Draft): readonly Claim[] {
  const { taken, funding } = draft
  if (funding === undefined || isBorneByPool(needs, draft)) return []
  const parts = feeParts(taken, funding.fee)
  return taken.filter(({ atoms, scriptBytes }, i) => atoms - (parts[i] ?? 0n) < leastOutput(scriptBytes))
}

const feeParts = (claims: readonly Claim[], fee: Atoms): readonly bigint[] =>
  splitExactly(
    fee,
    claims.map(({ account, atoms }) => ({ account, weight: atoms })),
  )

/** The same transaction with one more output, for the pool's matured fees; undefined when none is due or it does not fit. */
function withPoolFee(needs: PayoutNeeds, poolFees: Atoms, draft: Draft): Draft | undefined {
  const { feeAddress } = needs
  if (feeAddress === null || poolFees < needs.minimum) return undefined
  const bytes = scriptBytesOf(needs.network, feeAddress)
  const order = draft.taken.reduce(
    (sum, { scriptBytes, atoms }) => orderWith(sum, scriptBytes, atoms),
    orderWith({ outputs: 0, outputsBytes: 0, given: 0n, feeOnTop: false }, bytes, poolFees),
  )
  const funding = fund(draft.purse, order, 0)
  if (funding === undefined) return undefined
  const larger = { ...draft, poolFee: true, funding }
  const left = isBorneByPool(needs, larger) ? poolFees - funding.fee : poolFees
  return left < leastOutput(bytes) || dustAfterFee(needs, larger).length > 0 ? undefined : larger
}

/** Without a miner's output there is nobody else to bear the fee. */
const isBorneByPool = ({ bearer }: PayoutNeeds, { taken }: Draft): boolean =>
  bearer === 'pool' || taken.length === 0

function planOf(needs: PayoutNeeds, poolFees: Atoms, draft: Draft): PayoutPlan {
  const { taken, purse, funding } = draft
  if (funding === undefined) throw new RangeError('a payout without funding was planned')
  const { fee, change } = funding
  const byPool = isBorneByPool(needs, draft)
  const parts = byPool ? [] : feeParts(taken, fee)
  const onTop = byPool && !draft.poolFee ? fee : 0n
  const fromFees = onTop < poolFees ? onTop : poolFees
  const plan: PayoutPlan = {
    outputs: taken.map(({ account, address, atoms }, i) => ({
      account,
      address,
      deducted: atoms,
      atoms: toAtoms(atoms - (parts[i] ?? 0n)),
    })),
    poolFee:
      draft.poolFee && needs.feeAddress !== null
        ? {
            address: needs.feeAddress,
            deducted: poolFees,
            atoms: toAtoms(byPool ? poolFees - fee : poolFees),
          }
        : null,
    bearer: byPool ? 'pool' : 'miners',
    fee,
    feeFromPoolFee: toAtoms(fromFees),
    feeFromReserve: toAtoms(onTop - fromFees),
    funding: purse.unspent.slice(0, funding.inputs),
    change: change === 0n ? null : { address: needs.changeAddress, atoms: toAtoms(change) },
  }
  assertPlan(plan)
  return plan
}

function assertPlan({
  outputs,
  poolFee,
  fee,
  feeFromPoolFee,
  feeFromReserve,
  funding,
  change,
}: PayoutPlan): void {
  const paid = sum(outputs.map(({ atoms }) => atoms)) + (poolFee?.atoms ?? 0n)
  const given = sum(outputs.map(({ deducted }) => deducted)) + (poolFee?.deducted ?? 0n)
  const funds = sum(funding.map(({ atoms }) => atoms))
  if (given + feeFromPoolFee + feeFromReserve !== paid + fee || funds !== paid + fee + (change?.atoms ?? 0n))
    throw new RangeError(`a payout of ${paid} atoms and ${fee} of fee takes ${given} and spends ${funds}`)
}

const sum = (atoms: readonly bigint[]): bigint => atoms.reduce((total, each) => total + each, 0n)

/** The pool's own addresses were checked when the policy was adopted. */
function scriptBytesOf(network: Network, address: string): number {
  const payable = payableAddress(address, network)
  if (E.isLeft(payable))
    throw new RangeError(`the fee address ${address} can't be paid: ${payable.left.message}`)
  return paymentScript(payable.right).length
}
