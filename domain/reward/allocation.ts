import { type Atoms, toAtoms } from '../decred/amount.ts'
import { event, type PoolEvent, type Scheme } from '../events.ts'
import type { WindowSums } from './share-window.ts'
import { splitExactly } from './split.ts'

/** Who gets what of a block's reward: `reward` = `fee` + `reserve` + the atoms of all credits. */
export interface Allocation {
  readonly reward: Atoms
  readonly fee: Atoms
  /** What nobody's share earned: all of it under `pps`. */
  readonly reserve: Atoms
  /** In order of the account ids. One with few units may get no atom; it is named all the same. */
  readonly credits: readonly Credit[]
}

/** What one account gets for its work in the window. */
export interface Credit {
  readonly account: string
  readonly units: bigint
  readonly atoms: Atoms
}

/** The pool's part of a reward: floor(reward * feePpm / 1 000 000). */
export const poolFee = (reward: Atoms, feePpm: number): Atoms =>
  toAtoms((reward * BigInt(feePpm)) / 1_000_000n)

/**
 * Shares a block's reward by the scheme in force at its find; undefined under `solo`, which shares none. `window` is null where
 * the scheme has none, or when the log has no share at all: then the net reward is the reserve's.
 *
 * @throws RangeError when the parts do not make the whole.
 */
export function allocate(
  scheme: Scheme,
  reward: Atoms,
  feePpm: number,
  window: WindowSums | null,
): Allocation | undefined {
  switch (scheme.kind) {
    case 'pplns':
    case 'pplns-time':
    case 'prop':
      return allocateByUnits(reward, poolFee(reward, feePpm), window)
    case 'pps':
      return { reward, fee: toAtoms(0n), reserve: reward, credits: [] }
    case 'solo':
      return undefined
  }
}

function allocateByUnits(reward: Atoms, fee: Atoms, window: WindowSums | null): Allocation {
  const net = toAtoms(reward - fee)
  if (window === null) return { reward, fee, reserve: net, credits: [] }
  const { accounts } = window
  const parts = splitExactly(
    net,
    accounts.map(({ account, units }) => ({ account, weight: units })),
  )
  const credits = accounts.map(({ account, units }, i) => ({
    account,
    units,
    atoms: toAtoms(parts[i] ?? 0n),
  }))
  const given = credits.reduce((sum, { atoms }) => sum + atoms, 0n)
  if (fee + given !== reward)
    throw new RangeError(`a reward of ${reward} atoms was allocated as ${fee + given}`)
  return { reward, fee, reserve: toAtoms(0n), credits }
}

/**
 * Accounts in one event at most. One takes 67 bytes for its id, 25 for its units (at most 100 blocks' of 2^64) and 19 for its
 * atoms: 55,500 bytes in all, and what comes with them is under 1,500.
 */
export const PART_ACCOUNTS_MAX = 500

/** The block that is allocated, and the policy by which. */
export interface AllocatedBlock {
  /** Display hash. */
  readonly block: string
  readonly height: number
  /** Revision of the `PolicyAdopted` in force at the find. */
  readonly policy: number
}

/** The events that record an allocation: one, or numbered parts in order. A writer that finds some of them appends the rest. */
export function allocationEvents(
  at: number,
  { block, height, policy }: AllocatedBlock,
  { reward, fee, reserve, credits }: Allocation,
  window: WindowSums | null,
): readonly PoolEvent[] {
  const parts = Math.max(1, Math.ceil(credits.length / PART_ACCOUNTS_MAX))
  return Array.from({ length: parts }, (_, i) => {
    const part = credits.slice(i * PART_ACCOUNTS_MAX, (i + 1) * PART_ACCOUNTS_MAX)
    return event('RewardAllocated', {
      v: 1,
      at,
      block,
      height,
      policy,
      reward: String(reward),
      fee: String(fee),
      reserve: String(reserve),
      window:
        window === null
          ? null
          : { from: window.from, to: window.to, shares: window.shares, units: String(window.units) },
      part: i + 1,
      parts,
      account: part.map(({ account }) => account),
      units: part.map(({ units }) => String(units)),
      atoms: part.map(({ atoms }) => String(atoms)),
    })
  })
}
