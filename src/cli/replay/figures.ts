import { balanceOf, feeAccount, minerAccount, minerOf } from '../../../domain/bookkeeping/ledger.ts'
import type { Scheme } from '../../../domain/events.ts'
import type { Difference } from '../../replay/difference.ts'
import type { Replayed } from '../../replay/replay.ts'
import type { AccountLine } from '../../replay/replayed-money.ts'

/** What a replay came to, as it is printed. Amounts are whole atoms as decimal text; times are ISO. */
export interface Figures {
  readonly history: string
  /** The last entry that was folded. */
  readonly entry: number
  readonly at: string
  /** Of the newest block of the chain that the pool built on; null before any work. */
  readonly height: number | null
  readonly shares: number
  /** Blocks whose reward is shared at this point. */
  readonly sharedBlocks: number
  /** Entries of types that this program does not know. */
  readonly unknownEntries: number
  readonly miners: readonly MinerFigures[]
  readonly pool: {
    readonly fees: { readonly immature: string; readonly available: string; readonly inPayout: string }
    readonly reserve: string
  }
  /** The other scheme; null where none was asked for. */
  readonly scheme: Scheme | null
  /** What happened to the money of the account that was asked for; null where none was. */
  readonly lines: readonly LineFigures[] | null
  readonly published: {
    readonly agrees: boolean
    readonly differencesFound: number
    readonly differences: readonly Difference[]
    /** Accounts that were promised more (or, negative, less) than they should, and the first entry that did. */
    readonly accounts: readonly {
      readonly account: string
      readonly entry: number
      readonly published: string
      readonly recomputed: string
    }[]
  }
}

/** A miner at that point. What it earned is all that it is owed and was paid, and its part of the chain's fees. */
export interface MinerFigures {
  readonly account: string
  readonly address: string | null
  readonly immature: string
  readonly available: string
  readonly inPayout: string
  readonly paid: string
  readonly chainFees: string
  readonly earned: string
  /** What it would have earned under the other scheme; null where none was asked for. */
  readonly imagined: string | null
}

type Printed<T> = {
  readonly [K in keyof T]: T[K] extends bigint ? string : T[K] extends bigint | null ? string | null : T[K]
}

/** A line of an account, with times and amounts as they are printed. */
export type LineFigures = Omit<Printed<AccountLine>, 'at'> & { readonly at: string }

/** Makes figures of what was replayed. */
export function figuresOf(history: string, replayed: Replayed, scheme: Scheme | null): Figures {
  const { place, shares, money, account, unknown } = replayed
  const { balances } = money.books
  const fees = (stage: 'immature' | 'available' | 'in-payout'): string =>
    String(balanceOf(balances, feeAccount(stage)))
  const all = minersOf(replayed)
  const excesses = [...money.excesses()]
  return {
    ...{ history, entry: place.entry ?? 0, at: iso(place.at ?? 0), height: place.height, shares },
    ...{ sharedBlocks: money.sharedBlocks, unknownEntries: unknown },
    miners: account === null ? all : all.filter((miner) => miner.account === account),
    pool: {
      fees: { immature: fees('immature'), available: fees('available'), inPayout: fees('in-payout') },
      reserve: String(balanceOf(balances, 'pool:reserve')),
    },
    scheme,
    lines: account === null ? null : money.lines.map(lineOf),
    published: {
      agrees: money.differencesFound === 0,
      differencesFound: money.differencesFound,
      differences: money.differences,
      accounts: excesses
        .map(([id, { atoms, entry }]) => {
          const earned = BigInt(all.find((miner) => miner.account === id)?.earned ?? '0')
          return { account: id, entry, published: String(earned + atoms), recomputed: String(earned) }
        })
        .sort((a, b) => a.entry - b.entry || (a.account < b.account ? -1 : 1)),
    },
  }
}

/** Every account of the log, those who earned most first. */
function minersOf({ money, imagined }: Replayed): readonly MinerFigures[] {
  const { balances } = money.books
  const accounts = new Set([...money.addresses.keys(), ...money.received.keys(), ...(imagined?.keys() ?? [])])
  for (const name of balances.keys()) {
    const miner = minerOf(name)
    if (miner !== undefined) accounts.add(miner.account)
  }
  const rows = [...accounts].map((account) => {
    const immature = balanceOf(balances, minerAccount(account, 'immature'))
    const available = balanceOf(balances, minerAccount(account, 'available'))
    const inPayout = balanceOf(balances, minerAccount(account, 'in-payout'))
    const { paid, chainFees } = money.received.get(account) ?? { paid: 0n, chainFees: 0n }
    const earned = immature + available + inPayout + paid + chainFees
    return { account, immature, available, inPayout, paid, chainFees, earned }
  })
  rows.sort((a, b) =>
    a.earned === b.earned ? (a.account < b.account ? -1 : 1) : a.earned < b.earned ? 1 : -1,
  )
  return rows.map(({ account, immature, available, inPayout, paid, chainFees, earned }) => ({
    ...{ account, address: money.addresses.get(account) ?? null },
    ...{ immature: String(immature), available: String(available), inPayout: String(inPayout) },
    ...{ paid: String(paid), chainFees: String(chainFees), earned: String(earned) },
    imagined: imagined === null ? null : String(imagined.get(account) ?? 0n),
  }))
}

const lineOf = (line: AccountLine): LineFigures => ({
  ...line,
  at: iso(line.at),
  units: line.units === null ? null : String(line.units),
  windowUnits: line.windowUnits === null ? null : String(line.windowUnits),
  repaid: String(line.repaid),
  immature: String(line.immature),
  available: String(line.available),
  inPayout: String(line.inPayout),
  paid: String(line.paid),
})

const iso = (at: number): string => new Date(at).toISOString()
