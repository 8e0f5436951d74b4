import type { BookedAllocation, Names } from './books.ts'
import { feeAccount, type LedgerAccount, minerAccount, type Stage } from './ledger.ts'

/** The credits of an allocation. */
export function* eachCredit(
  names: Names,
  { accounts, atoms }: BookedAllocation,
): Generator<{ readonly account: string; readonly atoms: bigint }> {
  for (let i = 0; i < accounts.length; i++)
    yield { account: names.ids[accounts[i] ?? 0] ?? '', atoms: atoms[i] ?? 0n }
}

/** What somebody has of a reward, which waits in one ledger account after another. */
export interface Gain {
  readonly at: (stage: Stage) => LedgerAccount
  readonly atoms: bigint
}

/** All that an allocation gives, but for what is the reserve's: the pool's fee and the credits. */
export function* eachGain(names: Names, allocation: BookedAllocation): Generator<Gain> {
  yield { at: feeAccount, atoms: allocation.fee }
  for (const { account, atoms } of eachCredit(names, allocation))
    yield { at: (stage) => minerAccount(account, stage), atoms }
}
