import * as E from 'fp-ts/lib/Either.js'
import type { BalanceView, NextPayout, PolicyView } from '../../../projections/money/views.ts'
import { type Answer, PAGE_LIMIT_MAX, type ReadModels } from '../../read-models/port.ts'

/** What a run of payouts would pay if it were planned now, before the chain's fee and as far as the wallet has it. Amounts are atoms. */
export interface PayoutPreview {
  readonly policy: PolicyView
  readonly next: NextPayout | null
  /** Miners with the minimum or more available, largest balance first. */
  readonly paid: readonly Pick<BalanceView, 'account' | 'address' | 'available'>[]
  readonly atoms: string
  /** Miners with something available that is less, and how much all of them have. */
  readonly below: { readonly miners: number; readonly atoms: string }
}

/** Null where nobody is paid. */
export function payoutPreview(
  figures: Pick<ReadModels, 'pool' | 'balances'>,
  now: number,
): Answer<PayoutPreview | null> {
  const pool = figures.pool(now)
  if (E.isLeft(pool)) return pool
  const { policy, nextPayout = null } = pool.right ?? { policy: null }
  if (policy === null || policy.scheme.kind === 'solo') return E.right(null)
  const minimum = BigInt(policy.minimumPayout)
  const paid: BalanceView[] = []
  const below = { miners: 0, atoms: 0n }
  for (let after: string | null = null; ; ) {
    const page = figures.balances({ after, limit: PAGE_LIMIT_MAX })
    if (E.isLeft(page)) return page
    for (const balance of page.right.items) {
      const available = BigInt(balance.available)
      if (available >= minimum && available > 0n) paid.push(balance)
      else if (available > 0n) {
        below.miners += 1
        below.atoms += available
      }
    }
    after = page.right.next
    if (after === null) break
  }
  paid.sort((a, b) => (BigInt(a.available) < BigInt(b.available) ? 1 : -1))
  return E.right({
    policy,
    next: nextPayout,
    paid: paid.map(({ account, address, available }) => ({ account, address, available })),
    atoms: String(paid.reduce((sum, { available }) => sum + BigInt(available), 0n)),
    below: { miners: below.miners, atoms: String(below.atoms) },
  })
}
