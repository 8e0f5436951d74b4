import * as E from 'fp-ts/lib/Either.js'
import { balanceOf, type LedgerAccount, minerAccount, minerOf } from '../bookkeeping/ledger.ts'
import { accountId, payableAddress, paymentScript } from '../decred/address.ts'
import { type Atoms, toAtoms } from '../decred/amount.ts'
import type { Network } from '../decred/network.ts'
import { compareIds } from '../reward/split.ts'

/** An account that is to be paid. */
export interface Claim {
  readonly account: string
  readonly address: string
  readonly scriptBytes: number
  /** What it has available: what the output and its part of the fee may come to. */
  readonly atoms: Atoms
}

/** Why an account that has something available is not paid this time. Its balance stays, for ever if need be. */
export type WaitingReason =
  | 'below-minimum'
  /** The log does not say whose account it is. */
  | 'no-address'
  /** The address is not the one that the account is named after. */
  | 'other-address'
  /** Of another network, of a kind that can't be paid, or no address at all. */
  | 'not-payable'
  | 'refused-by-wallet'
  /** The wallet can't spend enough now, or one transaction can't hold it. */
  | 'no-funds'
  /** After its part of the fee too little would be left for an output. */
  | 'dust-after-fee'

/** An account that waits. */
export interface Waiting {
  readonly account: string
  readonly atoms: Atoms
  readonly why: WaitingReason
}

/** Who is to be paid. */
export interface PayoutPolicy {
  readonly network: Network
  readonly minimum: Atoms
  /** Address of an account, as `AccountOpened` says it. */
  readonly addressOf: (account: string) => string | undefined
  /** Addresses that the wallet would not pay. */
  readonly refused: ReadonlySet<string>
}

/**
 * Sorts those with money available into who is paid and who waits, and why. The smallest claims come first: where the wallet has
 * too little, most are paid. One account that can't be paid changes nothing for the others.
 */
export function payoutClaims(
  balances: ReadonlyMap<LedgerAccount, bigint>,
  policy: PayoutPolicy,
): { readonly claims: readonly Claim[]; readonly waiting: readonly Waiting[] } {
  const claims: Claim[] = []
  const waiting: Waiting[] = []
  for (const ledgerAccount of balances.keys()) {
    const miner = minerOf(ledgerAccount)
    if (miner?.stage !== 'available') continue
    const { account } = miner
    const atoms = toAtoms(balanceOf(balances, minerAccount(account, 'available')))
    const claim = claimOf(account, atoms, policy)
    if (typeof claim === 'string') waiting.push({ account, atoms, why: claim })
    else claims.push(claim)
  }
  return { claims: claims.sort(smallestFirst), waiting: waiting.sort(smallestFirst) }
}

function claimOf(account: string, atoms: Atoms, policy: PayoutPolicy): Claim | WaitingReason {
  if (atoms < policy.minimum) return 'below-minimum'
  const address = policy.addressOf(account)
  if (address === undefined) return 'no-address'
  if (accountId(address) !== account) return 'other-address'
  const payable = payableAddress(address, policy.network)
  if (E.isLeft(payable)) return 'not-payable'
  if (policy.refused.has(address)) return 'refused-by-wallet'
  return { account, address, scriptBytes: paymentScript(payable.right).length, atoms }
}

const smallestFirst = (
  a: { readonly account: string; readonly atoms: bigint },
  b: { readonly account: string; readonly atoms: bigint },
): number => (a.atoms < b.atoms ? -1 : a.atoms > b.atoms ? 1 : compareIds(a.account, b.account))
