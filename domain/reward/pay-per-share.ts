import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { type Atoms, toAtoms } from '../decred/amount.ts'
import { toHex } from '../decred/hex.ts'
import type { Network } from '../decred/network.ts'
import { event, type PoolEvent, type ShareReference } from '../events.ts'
import { LotTable, wholeUnits } from './lot-table.ts'
import type { ShareBatch } from './share-window.ts'
import { compareIds } from './split.ts'
import { BLOCK_UNITS } from './units.ts'

/** Parts of an atom that pay per share is counted in: with them every share's worth is an integer. */
export const ATOM_PARTS = BLOCK_UNITS * 1_000_000n

/**
 * What a share earns at once under `pps`, whatever the pool finds: units * subsidy * (1 - fee), in {@link ATOM_PARTS}.
 * `subsidy` is the full proof-of-work subsidy of its job's height, atoms.
 */
export const shareWorth = (units: bigint, subsidy: Atoms, feePpm: number): bigint =>
  units * subsidy * BigInt(1_000_000 - feePpm)

/** What each account has earned and not been credited, in {@link ATOM_PARTS}. Mutable, one owner. */
export type Accrual = Map<string, bigint>

/** Adds what a share is worth to its account's. */
export function accrue(accrual: Accrual, account: string, worth: bigint): void {
  accrual.set(account, (accrual.get(account) ?? 0n) + worth)
}

/** Whole atoms that an account is credited. */
export interface WorkCredit {
  readonly account: string
  readonly atoms: Atoms
}

/** Takes the whole atoms out of an accrual, in order of the account ids. The fractions stay for the next time. */
export function settleWork(accrual: Accrual): readonly WorkCredit[] {
  const credits: WorkCredit[] = []
  for (const [account, worth] of accrual) {
    const atoms = worth / ATOM_PARTS
    if (atoms === 0n) continue
    credits.push({ account, atoms: toAtoms(atoms) })
    accrual.set(account, worth % ATOM_PARTS)
  }
  return credits.sort((a, b) => compareIds(a.account, b.account))
}

/** The work of a settlement: a run of shares in the order of the log, and what it comes to. */
export interface SettledWork {
  readonly from: ShareReference
  readonly to: ShareReference
  readonly shares: number
  readonly units: bigint
  /** In order of the account ids. Some of a credit may be from before: a fraction that was carried. */
  readonly credits: readonly WorkCredit[]
}

const NOTHING = toAtoms(0n)
/** Shares whose units are summed up in two halves at most: 2^20 of at most 2^32 each are below 2^53. */
const HALVES_MAX = 1 << 20

/** Units of one account in two halves, see `LotTable`. */
interface Halves {
  high: number
  low: number
}

/**
 * Shares since the last settlement, and what they earn. Mutable, one owner.
 *
 * All shares of one height and policy are worth the same for their units: these are summed up in doubles, exact for 2^20 shares, and
 * multiplied once.
 */
export class OpenWork {
  readonly #network: Network
  readonly #accrual: Accrual
  #lots: LotTable
  /** Units by account that are not in the accrual yet, all of one subsidy and fee. */
  readonly #sums = new Map<string, Halves>()
  #summed = 0
  #subsidy = NOTHING
  #feePpm = 0
  #from: ShareReference | null = null
  #to: ShareReference | null = null
  #shares = 0
  #units = 0n

  /** `carried` is what each account had earned and not been credited at the last settlement. It becomes the new object's. */
  constructor(network: Network, carried: Accrual) {
    this.#network = network
    this.#lots = new LotTable(network)
    this.#accrual = carried
  }

  /** What each account has earned and not been credited: what a restart carries on with, right after a settlement. */
  get accrual(): ReadonlyMap<string, bigint> {
    this.#accrue()
    return this.#accrual
  }

  /**
   * Adds the shares of the next event of the log. `subsidy` is that of each share's job; `feePpm` that of the policy in force at the
   * event: work of two policies is settled in between.
   *
   * @throws RangeError when a share is harder than the network: the log is not what this program writes.
   */
  add(batch: ShareBatch, subsidy: readonly Atoms[], feePpm: number): void {
    const { stream, revision, account, bits, difficulty } = batch
    if (account.length === 0) return
    if (!this.#lots.hasRoom(account.length)) this.#lots = new LotTable(this.#network)
    const lots = this.#lots
    for (let i = 0; i < account.length; i++) {
      const each = subsidy[i] ?? NOTHING
      if (each !== this.#subsidy || feePpm !== this.#feePpm || this.#summed === HALVES_MAX) {
        this.#accrue()
        this.#subsidy = each
        this.#feePpm = feePpm
      }
      const lot = lots.lotOf(bits[i] ?? 0, difficulty[i] ?? 0)
      const sum = this.#sumOf(account[i] ?? '')
      sum.high += lots.high[lot] ?? 0
      sum.low += lots.low[lot] ?? 0
      this.#summed++
    }
    this.#from ??= { stream, revision, index: 0 }
    this.#to = { stream, revision, index: account.length - 1 }
    this.#shares += account.length
  }

  #sumOf(account: string): Halves {
    const known = this.#sums.get(account)
    if (known !== undefined) return known
    const sum = { high: 0, low: 0 }
    this.#sums.set(account, sum)
    return sum
  }

  #accrue(): void {
    for (const [account, { high, low }] of this.#sums) {
      const units = wholeUnits(high, low)
      accrue(this.#accrual, account, shareWorth(units, this.#subsidy, this.#feePpm))
      this.#units += units
    }
    this.#sums.clear()
    this.#summed = 0
  }

  /** Settles what is open, to whole atoms; null when there are no shares. */
  settle(): SettledWork | null {
    this.#accrue()
    if (this.#from === null || this.#to === null) return null
    const settled = {
      from: this.#from,
      to: this.#to,
      shares: this.#shares,
      units: this.#units,
      credits: settleWork(this.#accrual),
    }
    this.#from = null
    this.#to = null
    this.#shares = 0
    this.#units = 0n
    return settled
  }
}

/**
 * The event that records a settlement. `policy` is the revision of the `PolicyAdopted` its shares are paid by, `height` that of the
 * first work after them.
 */
export const workSettledEvent = (at: number, policy: number, height: number, work: SettledWork): PoolEvent =>
  event('WorkSettled', {
    v: 1,
    at,
    policy,
    height,
    from: work.from,
    to: work.to,
    shares: work.shares,
    units: String(work.units),
    accounts: work.credits.length,
    atoms: String(work.credits.reduce((sum, { atoms }) => sum + atoms, 0n)),
    credits: creditsDigest(work.credits),
  })

/** SHA-256, in hex, by which `WorkSettled` pins its credits: a line `<account> <atoms>` and a line feed for each. */
export const creditsDigest = (credits: readonly WorkCredit[]): string =>
  toHex(sha256(utf8ToBytes(credits.map(({ account, atoms }) => `${account} ${atoms}\n`).join(''))))
