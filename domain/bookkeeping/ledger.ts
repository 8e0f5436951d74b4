/**
 * The ledger accounts of the double entry, and what is posted to them. Atoms come in from the chain and go out to it; in between
 * each is in exactly one account.
 */

/** Where money is on its way. `immature`: the chain does not let the coinbase be spent yet; `in-payout`: planned or sent. */
export type Stage = 'immature' | 'available' | 'in-payout'

/**
 * A ledger account by its name. Money owed to a miner, by account id; the pool's fees; its reserve, which may be negative: then
 * the operator owes it. The `chain:` ones are outside: a coinbase is where atoms come from, so its balance is never
 * positive; those of what was paid, to whomever, and of the chain's fees never negative.
 */
export type LedgerAccount =
  | `miner:${string}:${Stage}`
  | `pool:fee:${Stage}`
  | 'pool:reserve'
  | 'chain:coinbase'
  | 'chain:paid'
  | 'chain:fees'

/** Names what is owed to a miner. */
export const minerAccount = (account: string, stage: Stage): LedgerAccount => `miner:${account}:${stage}`

/** Names what the pool's fees have come to. */
export const feeAccount = (stage: Stage): LedgerAccount => `pool:fee:${stage}`

/** The account id in a miner's ledger account and the stage of its money; undefined for another ledger account. */
export function minerOf(
  ledgerAccount: LedgerAccount,
): { readonly account: string; readonly stage: Stage } | undefined {
  const match = /^miner:([^:]*):(immature|available|in-payout)$/.exec(ledgerAccount)
  const [, account, stage] = match ?? []
  if (account === undefined) return undefined
  if (stage === 'immature' || stage === 'available') return { account, stage }
  return { account, stage: 'in-payout' }
}

/** One side of a movement: atoms that a ledger account gains, or loses when negative. */
export interface Posting {
  readonly account: LedgerAccount
  readonly atoms: bigint
}

/** Atoms that go from one account to another; nothing for none. */
export const move = (atoms: bigint, from: LedgerAccount, to: LedgerAccount): readonly Posting[] =>
  atoms === 0n
    ? []
    : [
        { account: from, atoms: -atoms },
        { account: to, atoms },
      ]

/** What ledger accounts hold. Those with nothing are left out. */
export type Balances = Map<LedgerAccount, bigint>

/** What an account holds; 0n when nothing was ever posted to it. */
export const balanceOf = (balances: ReadonlyMap<LedgerAccount, bigint>, account: LedgerAccount): bigint =>
  balances.get(account) ?? 0n

/**
 * Adds postings to balances.
 *
 * @throws RangeError when they do not sum to zero, before any is added: money would appear or vanish.
 */
export function post(balances: Balances, postings: readonly Posting[]): void {
  const sum = postings.reduce((total, { atoms }) => total + atoms, 0n)
  if (sum !== 0n) throw new RangeError(`postings sum to ${sum} atoms, not to zero`)
  for (const { account, atoms } of postings) {
    const balance = balanceOf(balances, account) + atoms
    if (balance === 0n) balances.delete(account)
    else balances.set(account, balance)
  }
}
