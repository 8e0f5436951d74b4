import type { BookedAllocation, Names } from './books.ts'

/** The credits of an allocation. */
export function* eachCredit(
  names: Names,
  { accounts, atoms }: BookedAllocation,
): Generator<{ readonly account: string; readonly atoms: bigint }> {
  for (let i = 0; i < accounts.length; i++)
    yield { account: names.ids[accounts[i] ?? 0] ?? '', atoms: atoms[i] ?? 0n }
}
