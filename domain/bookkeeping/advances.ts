import type { LedgerAccount } from './ledger.ts'

/**
 * What `pool:reserve` gave for an account that had no longer what a lost block takes back: it was planned or paid. A block that
 * comes back repays it, so that nobody is paid twice for one reward.
 */
export interface Advance {
  /** Number of the reversal that it was made for: see `BookedBlock.takenBack`. */
  readonly reversal: number
  /** Never 0n. */
  readonly atoms: bigint
  /** Hash of the block whose immature reward has repaid it, which that block's loss undoes; null while it is open. */
  readonly repaidBy: string | null
}

/** Advances by the account that had too little, `available` ones only; in the order of the reversals. Lists are only ever replaced. */
export type Advances = Map<LedgerAccount, readonly Advance[]>

/** Notes what the reserve gives for an account. */
export function advance(advances: Advances, account: LedgerAccount, reversal: number, atoms: bigint): void {
  if (atoms === 0n) return
  keep(advances, account, [...of(advances, account), { reversal, atoms, repaidBy: null }])
}

/** A reward that comes back, of which an account has a part. */
export interface ComingBack {
  /** What the account is given. */
  readonly atoms: bigint
  /** The reversal that took the reward back: what was advanced before it has nothing to do with it. */
  readonly since: number
  /** Hash of the block where that may be lost again before it matures; null where it is mature. */
  readonly immature: string | null
}

/** Repays what was advanced for an account, the oldest first. Answers how many of its atoms that takes. */
export function repay(
  advances: Advances,
  account: LedgerAccount,
  { atoms, since, immature }: ComingBack,
): bigint {
  let left = atoms
  const kept: Advance[] = []
  for (const each of of(advances, account)) {
    const isDue = each.repaidBy === null && each.reversal >= since
    const part = isDue ? smaller(left, each.atoms) : 0n
    left -= part
    if (part < each.atoms) kept.push({ ...each, atoms: each.atoms - part })
    if (part > 0n && immature !== null) kept.push({ ...each, atoms: part, repaidBy: immature })
  }
  if (left < atoms) keep(advances, account, kept)
  return atoms - left
}

/** What a block's immature reward has repaid for an account. From now on that is certain, or open again when the block is lost. */
export function endRepayment(
  advances: Advances,
  account: LedgerAccount,
  block: string,
  end: 'certain' | 'open-again',
): bigint {
  const all = of(advances, account)
  const repaid = all.filter(({ repaidBy }) => repaidBy === block)
  if (repaid.length === 0) return 0n
  const others = all.filter(({ repaidBy }) => repaidBy !== block)
  const reopened = end === 'certain' ? [] : repaid.map((each) => ({ ...each, repaidBy: null }))
  keep(advances, account, merged([...others, ...reopened]))
  return repaid.reduce((sum, { atoms }) => sum + atoms, 0n)
}

/** Advances that are of one reversal and one fate become one. */
function merged(all: readonly Advance[]): readonly Advance[] {
  const whole: Advance[] = []
  for (const each of [...all].sort((a, b) => a.reversal - b.reversal)) {
    const i = whole.findIndex((other) => other.reversal === each.reversal && other.repaidBy === each.repaidBy)
    const same = whole[i]
    if (same === undefined) whole.push(each)
    else whole[i] = { ...same, atoms: same.atoms + each.atoms }
  }
  return whole
}

const of = (advances: Advances, account: LedgerAccount): readonly Advance[] => advances.get(account) ?? []

function keep(advances: Advances, account: LedgerAccount, all: readonly Advance[]): void {
  if (all.length === 0) advances.delete(account)
  else advances.set(account, all)
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)
